"""The JSON Schema of every document, generated from the dataclasses."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import msgspec

from modelscan.errors import Usage, error_classes
from modelscan.selecting.declared.schema import file_schema

# Each by its address, as the command table names commands: this verb imports no other, and one class is loaded.
_DATACLASSES: Mapping[str, str] = {
    "api": "modelscan.verbs.connect.api:ApiStatus",
    "answer": "modelscan.verbs.run.run:MeasuredAnswer",
    "backend": "modelscan.model:Installation",
    "catalog-add": "modelscan.model.results:Added",
    "catalog-diff": "modelscan.catalog.refresh.difference:Difference",
    "catalog-source": "modelscan.catalog.sources.state:SourceState",
    "connection": "modelscan.verbs.connect.connect:Connection",
    "deployment": "modelscan.model:Deployment",
    "event": "modelscan.verbs.manage.events:PastEvent",
    "finding": "modelscan.verbs.maintain.doctor:Check",
    "gateway": "modelscan.verbs.connect.gateway:GatewayStatus",
    "gateway-key": "modelscan.verbs.connect.keys:KnownKey",
    "gateway-key-new": "modelscan.verbs.connect.keys:NewKey",
    "gpu": "modelscan.model:Hardware",
    "job": "modelscan.jobs.job:Job",
    "job-event": "modelscan.jobs.job:JobEvent",
    "log-line": "modelscan.storage.logs.reading:LogLine",
    "login": "modelscan.verbs.maintain.login:Login",
    "named-route": "modelscan.verbs.connect.names:NamedRoute",
    "model": "modelscan.model:Model",
    "plan": "modelscan.model:Plan",
    "pull": "modelscan.verbs.carry.pull:Pulled",
    "refresh": "modelscan.catalog.refresh.refresh:RefreshReport",
    "registered-model": "modelscan.model.registered:RegisteredModel",
    "registered-model-removed": "modelscan.verbs.register.remove:RemovedModel",
    "routes": "modelscan.model.results:Routes",
    "seeding": "modelscan.registry.seeding:SeedingReport",
    "setting": "modelscan.verbs.maintain.config:SettingRow",
    "setting-change": "modelscan.verbs.maintain.configure:Configured",
    "up": "modelscan.model.results:Up",
    "weights": "modelscan.model.results:WeightsHere",
    "weights-removed": "modelscan.verbs.carry.weights:Freed",
    "weights-verified": "modelscan.verbs.carry.verify:Verification",
}


def document_class(name: str) -> str:
    """The name of the class that a document is of."""
    return _DATACLASSES[name].partition(":")[2]


def document_schema(name: str) -> dict[str, Any]:
    """The schema of a document by its name. Raises Usage for an unknown name."""
    if name in _WRITTEN:
        return _WRITTEN[name]()
    if name not in _DATACLASSES:
        raise Usage(f"`{name}` is not a document", hints=["modelscan schema"], details={"known": list(DOCUMENTS)})
    # Every key is always printed, so every key is required, and a schema for readers allows new ones.
    module, _, kind = _DATACLASSES[name].partition(":")
    schema = msgspec.json.schema(getattr(importlib.import_module(module), kind))
    for part in schema["$defs"].values():
        if part.get("type") == "object":
            part["required"] = sorted(part["properties"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_opened(schema)}


def _opened(schema: dict[str, Any]) -> dict[str, Any]:
    """The document's own properties at the top, where a reader looks for them, and not behind a reference."""
    others = dict(schema["$defs"])
    return {**others.pop(schema["$ref"].rpartition("/")[2]), **({"$defs": others} if others else {})}


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


_WRITTEN = {"error": _error_schema, "modelscan-file": file_schema, "version": _version_schema}
DOCUMENTS = tuple(sorted([*_DATACLASSES, *_WRITTEN]))
