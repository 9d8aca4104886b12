"""The OpenAPI description: out of the routes, with the documents of the command line, and only errors that exist."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from modelscan.api.access import is_open
from modelscan.api.documents import Responses, components

_FAILURE = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
_TEXTS = {
    "400": "What was asked is not valid",
    "401": "A key is needed",
    "403": "This key, or this site, may not ask for that",
    "404": "There is no such thing",
    "409": "The answer is no, for the reason that is said",
    "413": "The body is too large",
    "421": "The name of the host is not one of this server",
    "500": "A failure of modelscan's own",
    "502": "A hub, a catalog or a server elsewhere cannot be reached, or refuses",
    "503": "As many as may listen do so already",
    "504": "It took too long",
}
_ALWAYS = ("403", "421", "500")
_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}


def fails(*statuses: int) -> Responses:
    """For `responses=` of a route that can fail so; what every route can is added to each."""
    return {status: {"description": _TEXTS[str(status)], "content": _FAILURE} for status in statuses}


def streams(about: str) -> Responses:
    """For a route that answers with server-sent events; tests that wait for the end of an answer leave it out."""
    return {200: {"description": about, "content": _STREAM}}


def describe(app: FastAPI) -> dict[str, Any]:
    """Made once for an application."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    for path, item in described["paths"].items():
        for operation in item.values():
            _complete(operation, is_open=is_open(path))
    parts = described.setdefault("components", {})
    schemas = {**parts.get("schemas", {}), **components(set(_documents(described["paths"])))}
    for gone in ("HTTPValidationError", "ValidationError"):
        schemas.pop(gone, None)
    schemas["Failure"] = {
        "type": "object",
        "properties": {
            "error": {"type": "string"},
            "code": {"type": "integer", "description": "The HTTP status"},
            "hints": {"type": "array", "items": {"type": "string"}, "description": "Commands to run next"},
        },
        "required": ["error", "code"],
    }
    parts["schemas"] = dict(sorted(schemas.items()))
    parts["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return described


def _complete(operation: dict[str, Any], *, is_open: bool) -> None:
    """Add the failures that any such operation can have."""
    answers = operation["responses"]
    answers.pop("422", None)  # FastAPI's own: ours is 400
    statuses = [*_ALWAYS]
    if not is_open:
        statuses.append("401")
    if "requestBody" in operation:
        statuses.append("413")
    if "requestBody" in operation or operation.get("parameters"):
        statuses.append("400")
    for status in statuses:
        answers.setdefault(status, {"description": _TEXTS[status], "content": _FAILURE})
    operation["responses"] = dict(sorted(answers.items()))
    operation["security"] = [] if is_open else [{"bearer": []}]


def _documents(node: Any) -> Iterator[str]:
    """The names of all documents that are referred to; the marks are taken away."""
    if isinstance(node, dict):
        if "x-document" in node:
            yield node.pop("x-document")
        for value in node.values():
            yield from _documents(value)
    elif isinstance(node, list):
        for value in node:
            yield from _documents(value)
