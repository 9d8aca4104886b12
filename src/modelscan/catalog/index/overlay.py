"""The user's own models over whatever index is used: read each time, only when there are files, never refreshed.

A matching name or repo changes that model field by field; everything else is a model of its own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from modelscan import dataclasses
from modelscan.catalog.index.build import fill
from modelscan.catalog.index.registered import registered_over
from modelscan.catalog.merging.merge import merge
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.sources.local_files import NAME, parse_file
from modelscan.catalog.sources.record import Parsed
from modelscan.catalog.sources.registered import NAME as REGISTERED
from modelscan.catalog.sources.state import SourceState
from modelscan.dataclasses import field_names
from modelscan.registry.registered import registered_models
from modelscan.settings.reading import Settings

if TYPE_CHECKING:
    from modelscan.catalog.index.index import Index
    from modelscan.catalog.merging.merge import Merged
    from modelscan.catalog.sources.record import Parsed, SourceRecord
    from modelscan.model import Model
    from modelscan.model.registered import RegisteredModel

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


def lay_over(
    index: Index, files: Sequence[Path], registered: Sequence[RegisteredModel] = ()
) -> tuple[sqlite3.Connection, list[str]]:
    """An index in memory of the models in the files and of registered ones, and a sentence for each problem."""
    parsed, problems = read_local(files)
    tables = Tables()
    laid = {item.model.id: item for item in (_over(index, item) for item in merge(parsed.records, tables))}
    states = []
    if files:
        origin = ", ".join(str(path) for path in files)
        skipped = parsed.skipped_counts()
        states.append(SourceState(name=NAME, origin=origin, records=len(parsed.records), skipped=skipped))
    for model in registered:
        item = registered_over(index, laid, model)
        laid[item.model.id] = item
    if registered:
        states.append(SourceState(name=REGISTERED, origin="modelscan model list", records=len(registered)))
    connection = sqlite3.connect(":memory:", isolation_level=None)
    fill(connection, list(laid.values()), tables, states)
    return connection, problems


def registered_in(settings: Settings, keys: Collection[str]) -> list[RegisteredModel]:
    """The registered models of these keys, without what our own list says: the index has that. Raises StateDamaged."""
    found = (item.said_here for key, item in registered_models(settings).all.items() if key in keys)
    return [model for model in found if model is not None]


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
