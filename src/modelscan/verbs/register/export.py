"""`model export`: the registered models as seeds again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.registry.documents import document_of
from modelscan.registry.layers import LayeredModel, stated_by
from modelscan.registry.registered import registered_models
from modelscan.registry.seeds import REQUIRED
from modelscan.selecting.context import Context
from modelscan.selecting.entries.find import find_registered


@dataclass(frozen=True, slots=True)
class ExportedSeeds:
    """The documents of seeds, and why a model is left out."""

    documents: tuple[dict[str, Any], ...]
    left_out: tuple[str, ...] = ()


def export_models(context: Context, references: Sequence[str] = ()) -> ExportedSeeds:
    """The named ones, else all that users, files and seeds made. Raises ModelNotFound."""
    if references:
        found = [find_registered(context, name) for name in references]
    else:
        found = [item for item in registered_models(context.settings).all.values() if not item.model.built_in]
    documents = {item.model.id: _document(item) for item in sorted(found, key=lambda item: item.model.id.casefold())}
    whole = {key: document for key, document in documents.items() if not _missing(document)}
    left_out = [
        f"`{key}` is left out: a seed needs its {' and '.join(_missing(document))}"
        for key, document in documents.items()
        if key not in whole
    ]
    return ExportedSeeds(tuple(whole.values()), tuple(left_out))


def _document(found: LayeredModel) -> dict[str, Any]:
    """What was said here; what our own list says is said wherever the seed goes, but for what a seed must have."""
    whole = {"name": found.model.name, **stated_by(found.layers)}
    own = stated_by([layer for layer in found.layers if layer.strength != "models.yaml"])
    return document_of(found.model.id, {name: whole[name] for name in REQUIRED[1:] if name in whole} | own)


def _missing(document: dict[str, Any]) -> list[str]:
    return [name for name in REQUIRED if name not in document]
