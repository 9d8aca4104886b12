"""Documents of the command line as answers: the same JSON, and its schema in the OpenAPI."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import Response

from modelscan.storage.documents import to_document
from modelscan.verbs.maintain.schema import document_schema


class DocumentAnswer(Response):
    """The JSON that `--json` prints for the same result."""

    media_type = "application/json"

    def __init__(self, value: object, status_code: int = 200) -> None:
        super().__init__(json.dumps(to_document(value), ensure_ascii=False, allow_nan=False), status_code)


def documented(
    name: str, *, listed: bool = False, status: int = 200, about: str = ""
) -> dict[int | str, dict[str, Any]]:
    """For `responses=` of a route that answers with the document of this name (`modelscan schema`)."""
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/{component(name)}"}
    if listed:
        schema = {"type": "array", "items": schema}
    described = about or ("Documents" if listed else "The document")
    return {status: {"description": described, "content": {"application/json": {"schema": schema}}, "x-document": name}}


def component(name: str) -> str:
    """`gateway-key` → `GatewayKey`, as components of the OpenAPI are called."""
    return "".join(part.capitalize() for part in name.split("-"))


def components(names: set[str]) -> dict[str, Any]:
    """The schemas of these documents, and of all that they refer to, as components."""
    made: dict[str, Any] = {}
    for name in sorted(names):
        schema = document_schema(name)
        inner = schema.pop("$defs", {})
        schema.pop("$schema", None)
        for key, part in {component(name): schema, **inner}.items():
            made[key] = json.loads(json.dumps(part).replace("#/$defs/", "#/components/schemas/"))
    return made
