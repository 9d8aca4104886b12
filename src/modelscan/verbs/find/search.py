"""Searching and listing models, and the sources of the index."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from modelscan.catalog.index.filters import Filters
from modelscan.catalog.index.index import Index
from modelscan.catalog.index.open import open_index
from modelscan.catalog.index.search import search
from modelscan.dataclasses import dataclass
from modelscan.errors import ModelscanError, SourceUnavailable, Usage
from modelscan.selecting.context import Context
from modelscan.storage.files import write_atomic

if TYPE_CHECKING:
    from modelscan.catalog.index.search import Hit
    from modelscan.catalog.sources.state import SourceState
    from modelscan.model import Model

_OLD_DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchResult:
    """Models, best first, and remarks about the index."""

    models: tuple[Model | Hit, ...]
    notice: str | None = None
    notes: tuple[str, ...] = ()


def search_models(
    context: Context,
    words: Sequence[str],
    *,
    limit: int,
    filters: Filters,
    fits: bool = False,
    hardware: str | None = None,
    whole: bool = True,
) -> SearchResult:
    """Models for what a user typed, best first; nothing found is an answer, not a failure.

    With `fits` only those that fit this machine, or the `hardware` that is described, each with how; otherwise, unless
    they are to be `whole`, only what a list shows of each.
    """
    index = _opened(context, filters)
    text = " ".join(words)
    found: list[Model | Hit] = []
    if fits:
        found.extend(
            _fitting(
                context,
                lambda most: _models(index, search(index, text, limit=most, filters=filters)),
                limit,
                hardware,
            )
        )
    else:
        hits = search(index, text, limit=limit, filters=filters)
        found.extend(_models(index, hits) if whole else hits)
    return SearchResult(models=tuple(found), notice=index.warning, notes=_age(context, index))


def _opened(context: Context, filters: Filters) -> Index:
    """The index. Raises Usage for a source that is none of it, which would find nothing."""
    index = open_index(context.settings)
    if filters.source is not None:
        known = index.source_names()
        if filters.source not in known:
            raise Usage(f"`{filters.source}` is not a catalog source", hints=[f"one of: {', '.join(known)}"])
    return index


def _models(index: Index, hits: Iterable[Hit]) -> Iterator[Model]:
    return (model for hit in hits if (model := index.get(hit.id)))


def _age(context: Context, index: Index) -> tuple[str, ...]:
    """A remark about an old index."""
    day = index.day()
    age = (context.clock.now().date() - date.fromisoformat(day)).days if day else 0
    if age <= _OLD_DAYS:
        return ()
    if not _first_today(context):
        return ()
    return (f"the catalog is {age} days old ({day}); to update it: modelscan catalog refresh",)


def _first_today(context: Context) -> bool:
    """Whether nobody was reminded yet on this day; where that cannot be kept, everybody is."""
    today, kept = context.clock.now().date().isoformat(), context.settings.paths.age_note_file
    try:
        if kept.exists() and kept.read_text() == today:
            return False
        write_atomic(kept, today)
    except (ModelscanError, OSError, UnicodeDecodeError):
        pass
    return True


def search_hub_models(context: Context, words: Sequence[str], *, limit: int, filters: Filters) -> SearchResult:
    """Results of Hugging Face's own search, in its order. Raises SourceUnavailable, also when offline."""
    from modelscan.catalog.sources.hub import model_in_list
    from modelscan.hubs.huggingface.search import search_hub

    text = " ".join(words)
    if context.settings.offline:
        raise SourceUnavailable("Hugging Face cannot be searched offline", hints=[f"modelscan catalog search {text}"])
    # Filters drop most of a list, and the hub supports only some of ours.
    asked = limit if filters == Filters() else min(limit * 5, 100)
    entries = search_hub(text, limit=asked, environ=context.hub_environment(), http=context.http())
    models = [model for model in map(model_in_list, entries) if filters.allow(model)]
    return SearchResult(models=tuple(models[:limit]))


def _fitting(
    context: Context, models: Callable[[int], Iterator[Model]], limit: int, hardware: str | None
) -> Iterable[Model]:
    """The first of `models` that fit, which gives as many as it is asked for."""
    from modelscan.selecting.judge import PLANNED_FOR_EACH_SHOWN, fitting  # and with it all that plans

    return fitting(context, models(limit * PLANNED_FOR_EACH_SHOWN), limit=limit, described_hardware=hardware)


def list_models(
    context: Context, *, limit: int | None, filters: Filters, fits: bool = False, hardware: str | None = None
) -> SearchResult:
    """All models that pass the filters, in the order of their ids; `limit` None means all."""
    index = _opened(context, filters)
    if fits:
        most = index.count() if limit is None else limit
        found_here = _fitting(context, lambda _: index.models(filters), most, hardware)
        return SearchResult(models=tuple(found_here), notice=index.warning)
    found: list[Model] = []
    for model in index.models(filters):
        if limit is not None and len(found) >= limit:
            break
        found.append(model)
    return SearchResult(models=tuple(found), notice=index.warning)


def catalog_sources(context: Context) -> tuple[list[SourceState], Index]:
    """What the index was made from."""
    index = open_index(context.settings)
    return index.sources(), index
