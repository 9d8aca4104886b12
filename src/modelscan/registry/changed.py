"""What is registered, at a glance: when it was last changed, and whether something is to be pulled."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.errors import StorageFailed
from modelscan.registry.files import local_files
from modelscan.registry.store import RegisteredRow, RegistryStore
from modelscan.settings.reading import Settings
from modelscan.storage.files import write_atomic
from modelscan.system.clock import rfc3339


@dataclass(frozen=True, slots=True)
class Glance:
    """`changed_at` is None where nothing is registered; what was removed leaves no trace in it."""

    changed_at: str | None
    pulls: bool


def at_a_glance(settings: Settings) -> Glance:
    """Without reading the lists. Raises StateDamaged, StateTooNew, StorageFailed."""
    rows, files = _rows(settings), local_files(settings)
    changed = [rfc3339(datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in files]
    said = [stated for row in rows for stated in (row.own, row.seed) if stated]
    may_pull = settings.weights.auto_download and (bool(files) or any(stated.get("auto_pull") for stated in said))
    return Glance(
        changed_at=max((*(row.updated_at for row in rows), *changed), default=None),
        pulls=may_pull and not _is_pulled(settings, _registered(rows, files)),
    )


def keep_pulled(settings: Settings, folders: Iterable[Path]) -> None:
    """Remember that all that is registered now has its weights, in these folders: as long as they are there and nobody
    registers anything else, there is no need to plan in order to see it.
    """
    document = {"registered": _registered(_rows(settings), local_files(settings)), "folders": sorted(map(str, folders))}
    with contextlib.suppress(StorageFailed):  # it is seen again by planning
        write_atomic(settings.paths.pulled_file, json.dumps(document))


def _is_pulled(settings: Settings, registered: list[Any]) -> bool:
    try:
        known = json.loads(settings.paths.pulled_file.read_text(encoding="utf-8"))
        return bool(known["registered"] == registered) and all(Path(folder).is_dir() for folder in known["folders"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _registered(rows: Iterable[RegisteredRow], files: Iterable[Path]) -> list[Any]:
    """What tells one state of the registry from another, as JSON data."""
    return [
        *([row.id, row.own, row.seed] for row in rows),
        *([str(path), path.stat().st_mtime_ns, path.stat().st_size] for path in files),
    ]


def _rows(settings: Settings) -> Collection[RegisteredRow]:
    with RegistryStore.for_reading(settings.paths) as store:
        return {**store.rows(), **settings.as_if_registered}.values()
