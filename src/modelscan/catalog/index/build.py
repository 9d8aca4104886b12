"""Writing an index: from merged models to one SQLite file, complete or not at all.

Used at build time for the shipped index and by `refresh` for the user's; imports nothing outside the standard
library, because a build has nothing else.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from modelscan.catalog.index.documents import write_model
from modelscan.catalog.index.schema import APPLICATION_ID, SCHEMA
from modelscan.catalog.index.whole import seal
from modelscan.catalog.merging.merge import Merged
from modelscan.catalog.merging.tables import Tables
from modelscan.catalog.naming import names
from modelscan.catalog.naming.lookup import REGISTERED
from modelscan.catalog.naming.spelling import stumps_of
from modelscan.catalog.sources.record import Attached
from modelscan.catalog.sources.state import SourceState
from modelscan.model import HUB_SOURCES, Model
from modelscan.storage.documents import to_document
from modelscan.storage.paths import INDEX_FORMAT


def build_index(
    path: Path,
    merged: Sequence[Merged],
    tables: Tables,
    sources: Iterable[SourceState],
    attached: Iterable[Attached] = (),
) -> None:
    """Write a new index file at `path`, which must not exist. The caller moves it into place."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # Nobody reads this file before it is complete, and what is half-written after a crash is thrown away.
        connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 8192;")
        fill(connection, merged, tables, sources, attached)
    finally:
        connection.close()
    seal(path)


def fill(
    connection: sqlite3.Connection,
    merged: Sequence[Merged],
    tables: Tables,
    sources: Iterable[SourceState],
    attached: Iterable[Attached] = (),
) -> None:
    """Make the tables and write everything, in one transaction."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {INDEX_FORMAT}")
    connection.executescript(f"BEGIN; {SCHEMA}")
    numbered = list(enumerate(sorted(merged, key=_fame, reverse=True), start=1))
    connection.executemany(
        "INSERT INTO models VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (_columns(number, item) for number, item in numbered),
    )
    connection.executemany(
        "INSERT INTO documents VALUES (?, ?)", ((number, write_model(item.model)) for number, item in numbered)
    )
    vocabulary = _write_texts(connection, numbered)
    connection.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", _records(merged))
    connection.executemany("INSERT OR IGNORE INTO families VALUES (?, ?, ?)", _family_defaults(merged))
    # In the order of their keys, all at once: such a table is filled three times as fast.
    aliases = sorted({row for item in merged for row in _aliases(item)})
    connection.executemany("INSERT INTO aliases VALUES (?, ?, ?)", aliases)
    rungs = sorted((key, int(rung), item.model.id) for item in merged for rung, key in item.keys)
    connection.executemany("INSERT OR IGNORE INTO rungs VALUES (?, ?, ?)", rungs)
    connection.executemany("INSERT INTO records VALUES (?, ?, '', ?)", attached)
    connection.executemany("INSERT INTO vocabulary VALUES (?, ?)", sorted(vocabulary.items()))
    connection.executemany(
        "INSERT INTO stumps VALUES (?, ?)", sorted((stump, term) for term in vocabulary for stump in stumps_of(term))
    )
    connection.executemany(
        "INSERT INTO labs VALUES (?, ?)", sorted((alias, lab.name) for alias, lab in tables.by_organization.items())
    )
    connection.executemany(
        "INSERT INTO sources VALUES (?, ?)", [(state.name, json.dumps(to_document(state))) for state in sources]
    )
    connection.execute("INSERT INTO meta VALUES ('models', ?)", [str(len(merged))])
    connection.execute("COMMIT")


def _columns(number: int, item: Merged) -> tuple[object, ...]:
    """What a list shows of a model and filters ask."""
    model = item.model
    return (
        number,
        model.id,
        " ".join(item.parts),
        item.lab,
        model.task,
        model.open_weights,
        bool(model.weights),
        model.parameters,
        model.active_parameters,
        model.limits.context,
        model.native_context,
        *model.disk_range,
        model.license,
        _offers(model),
        model.release_date,
        _spaced(_tags(model)),
        _spaced(dict.fromkeys(record.source for record in item.records)),
        model.weights[0].repo_id if model.weights else None,
    )


def _write_texts(connection: sqlite3.Connection, numbered: Sequence[tuple[int, Merged]]) -> Counter[str]:
    """The words by which models are found; returns in how many models each word is, numbers left out."""
    vocabulary: Counter[str] = Counter()
    rows: list[tuple[int, str, str]] = []
    for number, item in numbered:
        named, described = _terms(item)
        rows.append((number, " ".join(named), " ".join(described)))
        vocabulary.update(word for word in (*named, *described) if not word[0].isdigit())
    connection.executemany("INSERT INTO texts (rowid, name, words) VALUES (?, ?, ?)", rows)
    return vocabulary


def _fame(item: Merged) -> tuple[bool, int, str]:
    """The order of the numbers: known weights, then many hosts, then a late release come first."""
    return bool(item.model.weights), _offers(item.model), item.model.release_date or ""


def _offers(model: Model) -> int:
    return len({offer.id for offer in model.providers})


def _records(merged: Sequence[Merged]) -> Iterator[tuple[str, str, str, str]]:
    for item in merged:
        for record in item.records:
            yield record.source, record.key, item.model.id, record.raw


def _family_defaults(merged: Sequence[Merged]) -> Iterator[tuple[str, str, str]]:
    for item in merged:
        if item.family_default:
            family = names.key(item.model.family or names.split_owner(item.model.id)[1])
            yield family, item.model.id, item.family_default


def _aliases(item: Merged) -> Iterator[tuple[str, str, str]]:
    model = item.model
    yield model.id.casefold(), REGISTERED if model.provenance.get("id") == REGISTERED else "id", model.id
    for weights in model.weights:
        if weights.source in HUB_SOURCES:
            yield weights.repo_id.casefold(), "repo", model.id
    for alias in model.aliases:
        yield alias.casefold(), "alias", model.id
    for record in item.records:
        for name in record.moving:
            yield name.casefold(), "moving", model.id
            yield names.split_owner(name)[1].casefold(), "moving", model.id
    for offer in model.providers:
        yield offer.model.casefold(), "offer", model.id
        yield f"{offer.id}/{offer.model}".casefold(), "offer", model.id


def _tags(model: Model) -> Iterator[str]:
    yield from model.tags
    for name in ("tool_call", "reasoning", "structured_output"):
        if getattr(model.capabilities, name):
            yield name
    if "image" in model.modalities.input:
        yield "vision"


def _terms(item: Merged) -> tuple[list[str], list[str]]:
    """The words by which a model is found: those of its names, and those that describe it."""
    model = item.model
    named = dict.fromkeys(item.parts)
    for alias in (model.name, model.id, *model.aliases):
        named.update(dict.fromkeys(names.words(alias)))
    described: dict[str, None] = dict.fromkeys(names.words(model.owner or ""))
    described.update(dict.fromkeys(names.words(item.lab or "")))
    for text in (model.family or "", model.license or "", model.task, *model.tags):
        described.update(dict.fromkeys(names.words(text)))
    for weights in model.weights:
        described.update(dict.fromkeys(names.words((names.split_owner(weights.repo_id)[0] or "").replace("/", " "))))
        if weights.quantization:
            described[weights.quantization.casefold()] = None
    return list(named), [word for word in described if word not in named]


def _spaced(words: Iterable[str]) -> str:
    return f" {' '.join(dict.fromkeys(words))} "
