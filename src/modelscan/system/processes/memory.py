"""How much memory the processes of a backend hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from modelscan.system.processes.identity import Process
from modelscan.units import KIB


def resident_bytes(processes: Iterable[Process]) -> int | None:
    """Host memory: proportional set size, so that pages shared by workers count once. None where it cannot be read."""
    total = 0
    for process in processes:
        try:
            lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * KIB for line in lines if line.startswith("Pss:"))
    return total or None
