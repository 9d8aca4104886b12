"""What a model of somebody else's is for, as the catalog knows it."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.catalog.index.index import Index, open_base
from modelscan.catalog.naming.identity import resolve
from modelscan.dataclasses import replace
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model.registered import ModelType
from modelscan.registry.words import type_of
from modelscan.selecting.context import Context
from modelscan.selecting.entries.offered import OfferedModel


def with_kinds(context: Context, offered: Sequence[OfferedModel]) -> tuple[OfferedModel, ...]:
    """With a type where the server does not say it: the one that the catalog knows by its name, else that of most."""
    if all(item.type is not None for item in offered):
        return tuple(offered)
    index = open_base(context.settings.paths.index_file)
    return tuple(replace(item, type=item.type or _kind(index, item.model) or "chat") for item in offered)


def _kind(index: Index, name: str) -> ModelType | None:
    try:
        model = resolve(name, index).model
    except (ModelNotFound, ModelAmbiguous):
        return None
    return type_of(model.task) if model is not None else None
