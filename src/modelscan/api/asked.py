"""What a route is handed: the context that verbs take, and whether the asker agrees."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from modelscan.dataclasses import replace
from modelscan.model.events import Ask
from modelscan.selecting.context import Context


def _context(request: Request) -> Context:
    """One for each request: what it looks up is not to be that of an earlier one."""
    return replace(cast("Context", request.app.state.context))


# Routes that call verbs are plain functions: FastAPI runs them on threads, beside the loop.
Verbs = Annotated[Context, Depends(_context)]


def answering(*, yes: bool) -> Ask:
    """Nobody can be asked in a request: it says yes ahead, or the question stays open."""

    def ask(_question: str, /, *, default: bool = True) -> bool | None:  # noqa: ARG001  as questions are asked
        return True if yes else None

    return ask
