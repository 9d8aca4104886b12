"""Editing one key of the configuration file, keeping its comments and layout."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Table

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.environments.find import programs_in
from modelscan.errors import ConfigInvalid, Usage
from modelscan.settings.declaring import DeclaredSetting
from modelscan.settings.file import config_text, parse_config, unreadable
from modelscan.settings.reading import Settings, setting_for
from modelscan.settings.values import file_path, folders
from modelscan.storage.files import write_atomic

_BACKENDS = "backend.dirs"


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
    typed = _from_anywhere(item, typed)
    if key == _BACKENDS:
        _refuse_without_backend(typed)
    path = settings.config_path
    document: Any = _document(path)
    table = document
    *tables, last = key.split(".")
    for name in tables:
        table = table.setdefault(name, tomlkit.table())
    plain = list(typed) if isinstance(typed, tuple) else typed
    changed = table.get(last) != plain
    table[last] = plain
    write_atomic(path, tomlkit.dumps(document))
    return Configured(key=key, value=plain, path=str(path), changed=changed)


def _from_anywhere(item: DeclaredSetting, typed: Any) -> Any:
    """Paths are kept whole: one that is relative would be another one from the next folder."""
    if item.read is folders:
        return tuple(_whole(folder) for folder in typed)
    return _whole(typed) if item.read is file_path and typed else typed


def _whole(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _refuse_without_backend(named: Sequence[str]) -> None:
    for folder in named:
        if not programs_in(folder):
            *others, last = [f"`{item.probes.program}`" for item in BACKENDS.values()]
            programs = f"{', '.join(others)} or {last}"
            wrong = f"has no program {programs}" if Path(folder).is_dir() else "is not a folder"
            raise Usage(
                f"`{folder}` {wrong}, so it is no environment of a backend",
                hints=[
                    "name the folder of a virtual environment: modelscan config set backend.dirs /path/to/venv",
                    "what is installed already: modelscan backend list",
                ],
                details={"folder": folder},
            )


def unset_value(settings: Settings, key: str) -> Configured:
    """Remove one setting from the file. Raises Usage for an unknown key."""
    setting_for(key)
    path = settings.config_path
    document: Any = _document(path)
    table = document
    *tables, last = key.split(".")
    for name in tables:
        table = table.get(name, {})
    if last not in table:
        return Configured(key=key, value=None, path=str(path), changed=False)
    del table[last]
    if tables and _is_bare(table):
        del document[tables[0]]
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
