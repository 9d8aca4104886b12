"""What the user changes of a model: key by key, over what files and seeds say (pure)."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from modelscan.errors import Conflict, ModelscanError, Usage
from modelscan.registry.documents import document_of
from modelscan.registry.entry import KEYS, TABLES, EntryInvalid, read_stated
from modelscan.registry.store import Change, RegisteredRow, Stated

Changes = Mapping[str, Any]
"""By the keys of an entry, dotted for a part; None takes back what the user said."""


def parse_changes(words: list[str]) -> dict[str, Any]:
    """`key=value` as `--set` has it: JSON where it is that, else text; an empty value takes the key back.

    Raises Usage.
    """
    changes: dict[str, Any] = {}
    for word in words:
        key, equals, text = word.partition("=")
        if not equals or not key:
            raise Usage(f"`{key}` says no value", hints=["--set context_length=16384", "--set enabled=false"])
        changes[key.strip()] = _value(text)
    return changes


def _value(text: str) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What changed from one document of a model to the next. Raises Usage where its id did."""
    if after.get("id", before["id"]) != before["id"]:
        raise Usage("an id cannot be changed", hints=["modelscan model add NEW_ID"], details={"id": before["id"]})
    gone = {key: None for key in before if key not in after}
    changed = {key: value for key, value in after.items() if key not in before or value != before[key]}
    return gone | changed


def added(model_id: str, own: Stated) -> Change:
    """A new row with what the user states. It raises Conflict where a user or a seed has made the model."""

    def made(row: RegisteredRow | None) -> RegisteredRow:
        if row is not None:
            raise Conflict(
                f"`{row.id}` is already registered",
                hints=[f"modelscan model edit {shlex.quote(row.id)}", f"modelscan model remove {shlex.quote(row.id)}"],
                details={"id": row.id},
            )
        return RegisteredRow(id=model_id, own=own)

    return made


def edited(model_id: str, row: RegisteredRow | None, changes: Changes, *, listed: bool) -> RegisteredRow | None:
    """The row with what the user now says. None where the user says nothing any more and a file has the model
    (`listed`); one that only the user has stays, though nothing is said of it. Raises Usage.
    """
    own = stated_with(model_id, (row.own if row is not None else None) or {}, changes)
    seed = row.seed if row is not None else None
    if not own and seed is None and listed:
        return None
    return RegisteredRow(
        id=row.id if row is not None else model_id, seed=seed, own=own if own or seed is None else None
    )


def stated_with(model_id: str, own: Stated, changes: Changes) -> Stated:
    """What the user states with some changes. Raises Usage that names the key."""
    document = document_of(model_id, own)
    document.pop("id")
    for key, value in changes.items():
        table, dot, part = key.partition(".")
        if table in TABLES:
            parts = [part] if dot else value if isinstance(value, Mapping) else ()
            for name in (name for name in parts if name not in TABLES[table]):
                raise _unknown(f"{table}.{name}")
        if dot and table in TABLES:
            inner = {**document.get(table, {}), part: value}
            document[table] = {name: item for name, item in inner.items() if item is not None}
        else:
            if key not in KEYS and key not in document:
                raise _unknown(key)
            document[key] = value
    try:
        stated, _ = read_stated({key: value for key, value in document.items() if value not in ({}, None)})
    except EntryInvalid as error:
        raise refused(model_id, str(error)) from error
    return stated


def refused(model_id: str, reason: str) -> ModelscanError:
    return Usage(f"`{model_id}` cannot be registered so", cause=[reason], hints=["modelscan model edit --help"])


def _unknown(key: str) -> Usage:
    every = [*KEYS, *(f"{table}.{part}" for table, parts in TABLES.items() for part in parts)]
    near = [name for word in (key, key.rpartition(".")[2]) for name in get_close_matches(word, every, n=1, cutoff=0.8)]
    known = f"did you mean `{near[0]}`?" if near else f"one of: {', '.join(KEYS)}"
    return Usage(f"`{key}` is not a key of an entry", hints=[known], details={"key": key})
