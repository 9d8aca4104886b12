"""Models that their sources no longer name, kept because the user still depends on them (pure but for the index)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from modelscan import dataclasses
from modelscan.catalog.index.index import Index
from modelscan.catalog.merging.merge import Merged
from modelscan.catalog.sources.record import SourceRecord, verbatim
from modelscan.model import HUB_SOURCES, Model

NAME = "kept"
STATUS = "gone"


def kept(current: Index, merged: Sequence[Merged], wanted: Collection[str], day: str) -> Iterator[Merged]:
    """What the index in use says of the wanted ids that none of the new models answers to."""
    found = {name.casefold() for item in merged for name in _answers_to(item.model)}
    for model_id in sorted(set(wanted)):
        model = current.get(model_id)
        if model is None or not found.isdisjoint(name.casefold() for name in _answers_to(model)):
            continue
        lab, parts, keys = current.keys(model_id)
        records = tuple(
            SourceRecord(source=NAME, key=_key(source, key), raw=verbatim(entry), names=(model_id,))
            for source, key, entry in current.records(model_id)
        )
        gone = model if model.status == STATUS else _gone(model, day)
        yield Merged(gone, records, lab, parts, keys, None)


def _key(source: str, key: str) -> str:
    """The key in its own source; what was kept before has that already."""
    return key if source == NAME else f"{source}:{key}"


def _gone(model: Model, day: str) -> Model:
    reason = f"no source lists it since {day}"
    return dataclasses.replace(model, status=STATUS, provenance={**model.provenance, "status": reason})


def _answers_to(model: Model) -> Iterator[str]:
    yield model.id
    for weights in model.weights:
        if weights.source in HUB_SOURCES:
            yield weights.repo_id
