"""The gateway: whether it runs, what it serves and has served; and the routes to what is ready."""

from __future__ import annotations

from fastapi import APIRouter

from modelscan.api.asked import Verbs
from modelscan.api.documents import DocumentAnswer, documented
from modelscan.verbs.connect.gateway import gateway_status
from modelscan.verbs.connect.routes import routes

router = APIRouter(prefix="/api/v1", tags=["connect"])


@router.get("/gateway", responses=documented("gateway"))
def get_gateway(context: Verbs) -> DocumentAnswer:
    return DocumentAnswer(gateway_status(context))


@router.get("/routes", responses=documented("routes"))
def get_routes(context: Verbs) -> DocumentAnswer:
    return DocumentAnswer(routes(context))
