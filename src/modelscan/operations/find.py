"""Finding models: search, list, show, and bringing the index up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from modelscan.catalog.index import Filters, Index, open_index
from modelscan.errors import ModelAmbiguous
from modelscan.model import Model, Source
from modelscan.operations.context import Context

if TYPE_CHECKING:
    from modelscan.catalog.identity import Resolution
    from modelscan.catalog.sourcestate import SourceState

_OLD_DAYS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Models in order, best first, and what the index had to say about itself."""

    models: tuple[Model, ...]
    notice: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """One model, with what was assumed on the way to it."""

    model: Model
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    notice: str | None = None


def search_models(context: Context, words: Sequence[str], *, limit: int, filters: Filters, fits: bool = False) -> Found:
    """Models for what a user typed, best first; nothing found is an answer, not a failure.

    With `fits` only those that fit this machine, each with how.
    """
    from modelscan.catalog.search import search

    index = open_index(context.settings)
    text = " ".join(words)
    if not fits:
        models = [hit.model for hit in search(index, text, limit=limit, filters=filters)]
    else:
        from modelscan.operations.fitting import PLANNED_FOR_EACH_SHOWN, fitting

        hits = search(index, text, limit=limit * PLANNED_FOR_EACH_SHOWN, filters=filters)
        models = list(fitting(context, (hit.model for hit in hits), limit=limit))
    return Found(models=tuple(models), notice=index.notice, notes=_age(context, index))


def _age(context: Context, index: Index) -> tuple[str, ...]:
    """A remark where the index is older than a model usually takes to be out of date."""
    day = index.day()
    age = (context.clock.now().date() - date.fromisoformat(day)).days if day else 0
    if age <= _OLD_DAYS:
        return ()
    return (f"prices and models are of {day}, {age} days ago: modelscan catalog refresh",)


def search_hub_models(context: Context, words: Sequence[str], *, limit: int, filters: Filters) -> Found:
    """Models of Hugging Face's own search, as it ranks them. Raises SourceUnavailable, also when offline."""
    from modelscan.catalog.sources.hub import model_in_list
    from modelscan.errors import SourceUnavailable
    from modelscan.hubs.search import search_hub

    text = " ".join(words)
    if context.settings.offline:
        raise SourceUnavailable("Hugging Face cannot be searched offline", hints=[f"modelscan catalog search {text}"])
    # Filters leave few of a list over, and the hub knows only some of ours.
    asked = limit if filters == Filters() else min(limit * 5, 100)
    entries = search_hub(text, limit=asked, environ=context.hub_environment(), http=context.http())
    models = [model for model in map(model_in_list, entries) if filters.allow(model)]
    return Found(models=tuple(models[:limit]))


def list_models(context: Context, *, limit: int | None, filters: Filters, fits: bool = False) -> Found:
    """All models that pass the filters, in the order of their ids; `limit` None means all."""
    index = open_index(context.settings)
    if fits:
        from modelscan.operations.fitting import fitting

        most = index.count() if limit is None else limit
        return Found(models=tuple(fitting(context, index.models(filters), limit=most)), notice=index.notice)
    found: list[Model] = []
    for model in index.models(filters):
        if limit is not None and len(found) >= limit:
            break
        found.append(model)
    return Found(models=tuple(found), notice=index.notice)


def model_info(context: Context, reference: str, *, fits: bool = False) -> Described:
    """The merged entry of one model; of a repo that no catalog knows, what its hub says.

    Raises ModelNotFound or ModelAmbiguous.
    """
    from modelscan.catalog.identity import resolve

    index = open_index(context.settings)
    try:
        resolution = resolve(reference, index)
    except ModelAmbiguous as asked:
        from modelscan.operations.asking import fitting_first

        raise fitting_first(context, index, asked) from None
    if resolution.model is None:
        model, warnings = _on_hub(context, resolution)
        warnings = (*resolution.warnings, *warnings)
        return Described(model=model, warnings=warnings, notes=resolution.notes, notice=index.notice)
    model = resolution.model
    if fits:
        from modelscan.operations.fitting import judging

        model = replace(model, fits=judging(context)(model))
    return Described(model=model, warnings=resolution.warnings, notes=resolution.notes, notice=index.notice)


def _on_hub(context: Context, resolution: Resolution) -> tuple[Model, tuple[str, ...]]:
    """A repo as its hub describes it; where that cannot be asked, only its name, marked as unverified."""
    from modelscan.catalog.sources.hub import model_described, unverified
    from modelscan.errors import ModelNotFound, SourceUnavailable

    assert resolution.passthrough_repo is not None  # noqa: S101  the other half of Resolution
    repo, hint = resolution.passthrough_repo, resolution.weights_hint
    named: Source | None = hint.source if hint else None
    sources: tuple[Source, ...] = (named,) if named else ("huggingface", "modelscope")
    missing: ModelNotFound | None = None
    for source in sources:
        try:
            return model_described(context.hub(source).describe(repo, hint.revision if hint else None)), ()
        except ModelNotFound as error:
            missing = missing or error
        except SourceUnavailable as error:
            if missing:
                break
            return unverified(repo, source), (f"`{repo}` is in no catalog and could not be checked: {error.message}",)
    assert missing is not None  # noqa: S101  every other way has left the loop
    raise missing


def catalog_sources(context: Context) -> tuple[list[SourceState], Index]:
    """What the index was made from."""
    index = open_index(context.settings)
    return index.sources(), index
