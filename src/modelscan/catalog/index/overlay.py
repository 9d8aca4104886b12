"""The user's own models over whatever index is used: read each time, only when there are files, never refreshed.

A matching name or repo changes that model field by field; everything else is a model of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelscan import dataclasses
from modelscan.catalog.index.build import fill
from modelscan.catalog.merging.merge import merge
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.sources.local_files import NAME, parse_file
from modelscan.catalog.sources.record import Parsed
from modelscan.catalog.sources.state import SourceState, skipped_counts
from modelscan.dataclasses import field_names

if TYPE_CHECKING:
    from modelscan.catalog.index.index import Index
    from modelscan.catalog.merging.merge import Merged
    from modelscan.catalog.sources.record import Parsed, SourceRecord
    from modelscan.model import Model

_REPLACED = ("task", "license", "parameters", "active_parameters", "family", "status", "homepage", "release_date")


def read_local(files: Sequence[Path]) -> tuple[Parsed, list[str]]:
    """The records in the files, and a sentence for each problem."""
    parsed = Parsed()
    problems: list[str] = []
    for path in files:
        one = parse_file(path)
        problems.extend(f"`{path}`: {key}: {reason}" for key, reason in one.skipped)
        parsed.extend(one)
    return parsed, problems


def lay_over(index: Index, files: Sequence[Path]) -> tuple[sqlite3.Connection, list[str]]:
    """An index in memory of the models in the files, and a sentence for each problem."""
    parsed, problems = read_local(files)
    tables = Tables()
    merged = [_over(index, item) for item in merge(parsed.records, tables)]
    connection = sqlite3.connect(":memory:", isolation_level=None)
    state = SourceState(
        name=NAME,
        origin=", ".join(str(path) for path in files),
        records=len(parsed.records),
        skipped=skipped_counts(parsed),
    )
    fill(connection, merged, tables, [state])
    return connection, problems


def _over(index: Index, item: Merged) -> Merged:
    """The user's values on top of what the index has for the same model."""
    base = _base(index, item)
    if base is None:
        return item
    lab, parts, keys = index.keys(base.id)
    own = item.model
    stated = {field for record in item.records for field in record.facts}
    changed = {name: getattr(own, name) for name in _REPLACED if name in stated}
    capabilities = {
        name: value for name in field_names(own.capabilities) if (value := getattr(own.capabilities, name)) is not None
    }
    model = dataclasses.replace(
        base,
        **changed,
        aliases=tuple(dict.fromkeys((*base.aliases, *_names(item.records, base.id)))),
        tags=tuple(dict.fromkeys((*own.tags, *base.tags))),
        capabilities=dataclasses.replace(base.capabilities, **capabilities),
        limits=dataclasses.replace(base.limits, context=own.limits.context or base.limits.context),
        weights=(*own.weights, *(old for old in base.weights if not _is_among(old.repo_id, own))),
        specs=(*own.specs, *base.specs),
        extra={**base.extra, **own.extra},
        provenance={**base.provenance, **dict.fromkeys(stated, "local")},
    )
    return dataclasses.replace(item, model=model, lab=lab, parts=parts, keys=keys | item.keys)


def _base(index: Index, item: Merged) -> Model | None:
    for name in (*_names(item.records, ""), *(weights.repo_id for weights in item.model.weights)):
        for named in index.named(name.casefold()):
            if named.kind in {"id", "repo", "alias"}:
                return index.get(named.model)
    return None


def _names(records: Iterable[SourceRecord], known: str) -> list[str]:
    return [name for record in records for name in record.names if name.casefold() != known]


def _is_among(repo_id: str, model: Model) -> bool:
    return any(weights.repo_id == repo_id for weights in model.weights)
