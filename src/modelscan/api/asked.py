"""What a route is handed: the context that verbs take."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from modelscan.selecting.context import Context


def _context(request: Request) -> Context:
    return cast("Context", request.app.state.context)


# Routes that call verbs are plain functions: FastAPI runs them on threads, beside the loop.
Verbs = Annotated[Context, Depends(_context)]
