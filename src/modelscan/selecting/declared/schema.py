"""The declarative file as a JSON Schema, for editors and for the reference."""

from __future__ import annotations

from typing import Any

from modelscan.deployments.naming import NAME_PATTERN
from modelscan.selecting.declared.keys import GATEWAY_KEYS, KEYS


def file_schema() -> dict[str, Any]:
    """Unlike those of documents that are printed, it allows nothing that it does not name."""
    deployment = {
        "type": "object",
        "properties": {name: {"description": key.doc, **key.value.schema} for name, key in KEYS.items()},
        "required": ["model"],
        "additionalProperties": False,
    }
    gateway = {
        "type": ["object", "null"],
        "description": "The one address in front of all deployments.",
        "properties": {name: {"description": key.doc, **key.value.schema} for name, key in GATEWAY_KEYS.items()},
        "additionalProperties": False,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "modelscan.yaml",
        "description": "The deployments that `modelscan up` starts and keeps in step with this file.",
        "type": "object",
        "properties": {
            "deployments": {
                "type": ["object", "null"],
                "description": "Each deployment by its name; its keys are the options of `modelscan deploy`.",
                "patternProperties": {f"^{NAME_PATTERN}$": deployment},
                "additionalProperties": False,
            },
            "gateway": gateway,
        },
        "patternProperties": {"^x-": {"description": "Anything, to be merged elsewhere with `<<`."}},
        "additionalProperties": False,
    }
