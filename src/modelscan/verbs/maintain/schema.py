"""The JSON Schema of every document, generated from the dataclasses."""

from __future__ import annotations

from typing import Any

import pydantic

from modelscan.catalog.refresh.difference import Difference
from modelscan.catalog.refresh.refresh import RefreshReport
from modelscan.errors import Usage, error_classes
from modelscan.model import Deployment, Hardware, Model, Plan
from modelscan.model.results import Added, Routes, WeightsHere

_DATACLASSES: dict[str, Any] = {
    "catalog-add": Added,
    "catalog-diff": Difference,
    "deployment": Deployment,
    "gpu": Hardware,
    "model": Model,
    "plan": Plan,
    "refresh": RefreshReport,
    "routes": Routes,
    "weights": WeightsHere,
}


def document_schema(name: str) -> dict[str, Any]:
    """The schema of a document by its name. Raises Usage for an unknown name."""
    if name in _WRITTEN:
        return _WRITTEN[name]()
    if name not in _DATACLASSES:
        raise Usage(f"`{name}` is not a document", hints=["modelscan schema"], details={"known": list(DOCUMENTS)})
    # Every key is always printed, so every key is required, and a schema for readers allows new ones.
    schema = pydantic.TypeAdapter(_DATACLASSES[name]).json_schema(mode="serialization")
    _require_all(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _require_all(schema: dict[str, Any]) -> None:
    for part in (schema, *schema.get("$defs", {}).values()):
        if part.get("type") == "object" and "properties" in part:
            part["required"] = sorted(part["properties"])


def _error_schema() -> dict[str, Any]:
    codes = sorted({cls.code for cls in error_classes()} | {"bug"})
    error = {
        "type": "object",
        "properties": {
            "code": {"enum": codes},
            "message": {"type": "string"},
            "hints": {"type": "array", "items": {"type": "string"}},
            "details": {"type": "object"},
        },
        "required": ["code", "details", "hints", "message"],
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Error",
        "type": "object",
        "properties": {"error": error},
        "required": ["error"],
    }


def _version_schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Version",
        "type": "object",
        "properties": {"version": {"type": "string"}, "schema_version": {"type": "integer"}},
        "required": ["schema_version", "version"],
    }


_WRITTEN = {"error": _error_schema, "version": _version_schema}
DOCUMENTS = tuple(sorted([*_DATACLASSES, *_WRITTEN]))
