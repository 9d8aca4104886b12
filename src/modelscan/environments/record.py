"""The record of an environment: written last, so an environment without one is incomplete."""

from __future__ import annotations

import json
from pathlib import Path

from modelscan.backends.arguments.history import release
from modelscan.environments.locations import RECORD_FORMAT, RECORD_NAME
from modelscan.model import Installation
from modelscan.storage.documents import from_document, to_document
from modelscan.storage.files import translated, write_atomic


def write_record(installation: Installation) -> None:
    """Raises StorageFailed."""
    document = {"format": RECORD_FORMAT, **to_document(installation)}
    write_atomic(Path(installation.path) / RECORD_NAME, json.dumps(document, indent=2) + "\n")


def read_record(folder: Path) -> Installation | None:
    """The installation in a folder; None where it is incomplete, damaged, or its program is missing."""
    try:
        document = json.loads((folder / RECORD_NAME).read_text(encoding="utf-8"))
        found = from_document(Installation, document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return found if found.managed and Path(found.program).is_file() else None


def read_records(environments: Path) -> list[Installation]:
    """Every complete environment, by backend, newest version first."""
    try:
        folders = [folder for folder in environments.iterdir() if folder.is_dir()]
    except OSError:
        return []
    found = [record for folder in folders if (record := read_record(folder))]
    found.sort(key=lambda item: (release(item.version or ""), item.device), reverse=True)
    found.sort(key=lambda item: item.backend)
    return found


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder, including hard links shared with uv's cache. Raises StorageFailed."""
    with translated(folder, verb="read"):
        return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())
