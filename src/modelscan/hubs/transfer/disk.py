"""Check free disk space before a download."""

from __future__ import annotations

import shutil
from pathlib import Path

from modelscan.hubs.preflight import disk_space_shortfall
from modelscan.storage.files import translated


def require_disk_space(repo_id: str, needed_bytes: int, place: Path) -> None:
    """Raise StorageFailed when the file system of `place`, which need not exist, has too little free space."""
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    with translated(existing, verb="read"):
        free = shutil.disk_usage(existing).free
    refusal = disk_space_shortfall(repo_id, needed_bytes, free, existing)
    if refusal is not None:
        raise refusal
