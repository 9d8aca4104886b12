"""The log of seedings: a line per event with its time, in the state folder, cut back when it grows."""

from __future__ import annotations

import os
from collections.abc import Sequence

from modelscan.storage.files import private_folder, translated
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock, rfc3339
from modelscan.units import MIB

_LARGEST = 1 * MIB


def keep_lines(lines: Sequence[str], paths: Paths, clock: Clock) -> None:
    """Append the lines. Raises StorageFailed."""
    if not lines:
        return
    path, now = paths.seeding_log, rfc3339(clock.now())
    private_folder(path.parent)
    with translated(path):
        if path.exists() and path.stat().st_size > _LARGEST:
            path.replace(path.with_name(f"{path.name}.1"))
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as file:
            file.write("".join(f"{now} {line}\n" for line in lines))
