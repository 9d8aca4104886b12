"""`names.toml` edited: comments and order stay. Apart from reading it, since only this needs tomlkit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tomlkit

from modelscan.routing.names import PublicNames
from modelscan.routing.names_file import KINDS, read_names, text_of
from modelscan.storage.files import write_atomic
from modelscan.storage.locks import hold


def change_names(path: Path, change: Callable[[PublicNames], PublicNames]) -> PublicNames:
    """Edit the file under its lock: what `change` makes of the names. Raises what it raises, and as `read_names`."""
    path = path.resolve()
    with hold(path.with_name(f".{path.name}.lock"), note="names"):
        before = read_names(path)
        after = change(before)
        if after == before:
            return after
        document = tomlkit.parse(text_of(path))
        for kind in KINDS:
            _edit(document, kind, getattr(before, kind), getattr(after, kind))
        write_atomic(path, tomlkit.dumps(document))
    return after


def _edit(document: Any, kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    if before == after:
        return
    table = document.setdefault(kind, {})
    for name in before:
        if name not in after:
            del table[name]
    for name, value in after.items():
        if before.get(name) != value:
            table[name] = list(value) if isinstance(value, tuple) else value
    if not after:
        del document[kind]
