"""Editing one key of the configuration file, keeping its comments and layout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from modelscan.settings.file import config_text, parse_config, unreadable
from modelscan.settings.reading import Settings, setting_for
from modelscan.storage.files import write_atomic


def set_value(settings: Settings, key: str, value: str) -> Path:
    """Write one setting. Raises Usage for an unknown key, ConfigInvalid for its value and for a damaged file."""
    typed = setting_for(key).parse(value, "the command line")
    path = settings.config_path
    document: Any = _document(path)
    table = document
    *folders, last = key.split(".")
    for folder in folders:
        table = table.setdefault(folder, tomlkit.table())
    table[last] = list(typed) if isinstance(typed, tuple) else typed
    write_atomic(path, tomlkit.dumps(document))
    return path


def unset_value(settings: Settings, key: str) -> tuple[bool, Path]:
    """Whether anything changed, and the file."""
    setting_for(key)
    path = settings.config_path
    document: Any = _document(path)
    table = document
    *folders, last = key.split(".")
    for folder in folders:
        table = table.get(folder, {})
    if last not in table:
        return False, path
    del table[last]
    if folders and _is_bare(table):
        del document[folders[0]]
    write_atomic(path, tomlkit.dumps(document))
    return True, path


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
