"""Whether it answers, for whoever watches it."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(tags=["server"])


class Healthy(BaseModel):
    status: str


@router.get("/api/v1/health")
def health() -> Healthy:
    return Healthy(status="ok")
