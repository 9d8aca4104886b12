"""Documents of the command line as answers: the same JSON, and its schema in the OpenAPI."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import Response

from modelscan.storage.documents import to_document
from modelscan.verbs.maintain.schema import document_class, document_schema


class DocumentAnswer(Response):
    """The JSON that `--json` prints for the same result."""

    media_type = "application/json"

    def __init__(self, value: object, status_code: int = 200) -> None:
        super().__init__(json.dumps(to_document(value), ensure_ascii=False, allow_nan=False), status_code)


Responses = dict[int | str, dict[str, Any]]


def documented(name: str, *, listed: bool = False, status: int = 200, about: str = "") -> Responses:
    """For `responses=` of a route that answers with the document of this name (`modelscan schema`)."""
    schema = {"type": "array", "items": referred(name)} if listed else referred(name)
    described = about or ("Documents" if listed else "The document")
    return described_as(schema, status=status, about=described)


def described_as(schema: dict[str, Any], *, status: int = 200, about: str) -> Responses:
    """The same for an answer that documents are parts of, by `referred`."""
    return {status: {"description": about, "content": {"application/json": {"schema": schema}}}}


def with_parts(*, status: int = 200, about: str, **names: str) -> Responses:
    """An object of documents by their keys; one whose name ends in `?` may be null."""
    properties = {
        key: {"anyOf": [referred(name[:-1]), {"type": "null"}]} if name.endswith("?") else referred(name)
        for key, name in names.items()
    }
    return described_as(
        {"type": "object", "properties": properties, "required": list(names)}, status=status, about=about
    )


def referred(name: str) -> dict[str, Any]:
    """The schema of a document inside another."""
    return {"$ref": f"{_COMPONENTS}{document_class(name)}", "x-document": name}


_COMPONENTS = "#/components/schemas/"


def components(names: set[str]) -> dict[str, Any]:
    """The schemas of these documents, and of all that they refer to, as components."""
    made: dict[str, Any] = {}
    for name in sorted(names):
        schema = document_schema(name)
        inner = schema.pop("$defs", {})
        schema.pop("$schema", None)
        for key, part in {document_class(name): schema, **inner}.items():
            made[key] = json.loads(json.dumps(part).replace("#/$defs/", _COMPONENTS))
    return made
