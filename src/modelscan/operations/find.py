"""Finding models: search, list, show, and bringing the index up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelscan.catalog.index import Filters, Index, open_index
from modelscan.model import Model
from modelscan.operations.context import Context

if TYPE_CHECKING:
    from modelscan.catalog.sourcestate import SourceState


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Models in order, best first, and what the index had to say about itself."""

    models: tuple[Model, ...]
    notice: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """One model, with what was assumed on the way to it."""

    model: Model
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    notice: str | None = None


def search_models(context: Context, words: Sequence[str], *, limit: int, filters: Filters) -> Found:
    """Models for what a user typed, best first; nothing found is an answer, not a failure."""
    from modelscan.catalog.search import search

    index = open_index(context.settings)
    hits = search(index, " ".join(words), limit=limit, filters=filters)
    return Found(models=tuple(hit.model for hit in hits), notice=index.notice)


def list_models(context: Context, *, limit: int | None, filters: Filters) -> Found:
    """All models that pass the filters, in the order of their ids; `limit` None means all."""
    index = open_index(context.settings)
    found: list[Model] = []
    for model in index.models(filters):
        if limit is not None and len(found) >= limit:
            break
        found.append(model)
    return Found(models=tuple(found), notice=index.notice)


def model_info(context: Context, reference: str) -> Described:
    """The merged entry of one model. Raises ModelNotFound or ModelAmbiguous."""
    from modelscan.catalog.identity import resolve
    from modelscan.errors import ModelNotFound

    index = open_index(context.settings)
    resolution = resolve(reference, index)
    if resolution.model is None:
        raise ModelNotFound(
            f"no catalog knows `{reference}`",
            hints=[f"modelscan plan {reference}", f"modelscan catalog search {reference}"],
            details={"query": reference},
        )
    return Described(model=resolution.model, warnings=resolution.warnings, notes=resolution.notes, notice=index.notice)


def catalog_sources(context: Context) -> tuple[list[SourceState], Index]:
    """What the index was made from."""
    index = open_index(context.settings)
    return index.sources(), index
