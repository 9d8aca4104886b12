"""The OpenAPI description: out of the routes, with the documents of the command line, and only errors that exist."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from modelscan.api.documents import components

_FAILURE = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}}
_COMMON = {"400": "What was asked is not valid", "401": "A key is needed", "500": "A failure of modelscan's own"}


def describe(app: FastAPI) -> dict[str, Any]:
    """Made once for an application."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    described = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    names: set[str] = set()
    for path in described["paths"].values():
        for operation in path.values():
            answers = operation["responses"]
            answers.pop("422", None)  # FastAPI's own: ours is 400
            for status, text in _COMMON.items():
                answers.setdefault(status, {"description": text, **_FAILURE})
            names |= {item.pop("x-document") for item in answers.values() if "x-document" in item}
            operation.setdefault("security", [{"bearer": []}])
    parts = described.setdefault("components", {})
    schemas = {**parts.get("schemas", {}), **components(names)}
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
