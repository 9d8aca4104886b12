"""What is registered, at a glance: when it was last changed, and whether something is to be pulled."""

from __future__ import annotations

from datetime import UTC, datetime

from modelscan.dataclasses import dataclass
from modelscan.registry.files import local_files
from modelscan.registry.store import RegistryStore
from modelscan.settings.reading import Settings
from modelscan.system.clock import rfc3339


@dataclass(frozen=True, slots=True)
class Glance:
    """`changed_at` is None where nothing is registered; what was removed leaves no trace in it."""

    changed_at: str | None
    pulls: bool


def at_a_glance(settings: Settings) -> Glance:
    """Without reading the lists. Raises StateDamaged, StateTooNew, StorageFailed."""
    with RegistryStore.for_reading(settings.paths) as store:
        rows = store.rows().values()
    files = [rfc3339(datetime.fromtimestamp(path.stat().st_mtime, UTC)) for path in local_files(settings)]
    said = [stated for row in rows for stated in (row.own, row.seed) if stated]
    return Glance(
        changed_at=max((*(row.updated_at for row in rows), *files), default=None),
        pulls=bool(files) or any(stated.get("auto_pull") for stated in said),
    )
