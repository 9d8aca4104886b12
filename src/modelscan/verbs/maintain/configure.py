"""Editing one key of the configuration file, keeping its comments and layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from modelscan.dataclasses import dataclass
from modelscan.errors import ConfigInvalid, Usage
from modelscan.settings.file import config_text, parse_config, unreadable
from modelscan.settings.reading import Settings, setting_for
from modelscan.storage.files import write_atomic


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """A key of the file at `path` after a change; `value` is None where it is no longer set."""

    key: str
    value: Any
    path: str
    changed: bool


def set_value(settings: Settings, key: str, value: str) -> Configured:
    """Write one setting. Raises Usage for an unknown key or a bad value, ConfigInvalid for a damaged file."""
    item = setting_for(key)
    try:
        typed = item.parse(value, "the command line")
    except ConfigInvalid as error:
        raise Usage(error.message, hints=[f"{item.doc}", f"modelscan config get {key}"]) from error
    path = settings.config_path
    document: Any = _document(path)
    table = document
    *folders, last = key.split(".")
    for folder in folders:
        table = table.setdefault(folder, tomlkit.table())
    plain = list(typed) if isinstance(typed, tuple) else typed
    changed = table.get(last) != plain
    table[last] = plain
    write_atomic(path, tomlkit.dumps(document))
    return Configured(key=key, value=plain, path=str(path), changed=changed)


def unset_value(settings: Settings, key: str) -> Configured:
    """Remove one setting from the file. Raises Usage for an unknown key."""
    setting_for(key)
    path = settings.config_path
    document: Any = _document(path)
    table = document
    *folders, last = key.split(".")
    for folder in folders:
        table = table.get(folder, {})
    if last not in table:
        return Configured(key=key, value=None, path=str(path), changed=False)
    del table[last]
    if folders and _is_bare(table):
        del document[folders[0]]
    write_atomic(path, tomlkit.dumps(document))
    return Configured(key=key, value=None, path=str(path), changed=True)


def _document(path: Path) -> tomlkit.TOMLDocument:
    text = config_text(path)
    parse_config(text, path)  # the parser of every other command
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise unreadable(path, error) from error


def _is_bare(table: Any) -> bool:
    """Whether a table is empty, without even a comment."""
    return isinstance(table, Table) and not table.as_string().strip() and not table.trivia.comment
