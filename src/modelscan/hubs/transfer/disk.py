"""Whether a file system takes what is to come."""

from __future__ import annotations

import shutil
from pathlib import Path

from modelscan.hubs.preflight import no_room
from modelscan.storage.files import translated


def require_room(repo_id: str, needed_bytes: int, place: Path) -> None:
    """Raise StorageFailed when the file system of `place`, which need not exist, has no room for that and a margin."""
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    with translated(existing, verb="read"):
        free = shutil.disk_usage(existing).free
    refusal = no_room(repo_id, needed_bytes, free, existing)
    if refusal is not None:
        raise refusal
