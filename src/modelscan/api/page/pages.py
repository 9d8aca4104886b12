"""Routes of pages: what fails is told as a page, or, for htmx, where the answer was expected."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from modelscan.api.failures import status_of
from modelscan.api.page.rendering import rendered
from modelscan.errors import ModelscanError


class PageRoute(APIRoute):
    """Failures of verbs as HTML, with the commands that may help."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except ModelscanError as error:
                piece = request.headers.get("hx-request") is not None
                return rendered("pieces/failure.html" if piece else "failed.html", status_of(error), error=error)

        return told


def page_router() -> APIRouter:
    """For one view; pages are no part of the API's description."""
    return APIRouter(route_class=PageRoute, include_in_schema=False)
