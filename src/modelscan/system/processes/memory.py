"""How much memory the processes of a backend hold, how much they read, and whether the kernel had to kill for it."""

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


def bytes_read(processes: Iterable[Process]) -> int | None:
    """What they have read so far, of files that they map too. None where none can be looked at."""
    found: list[int] = []
    for process in processes:
        try:
            lines = Path(f"/proc/{process.pid}/io").read_text().splitlines()
        except OSError:
            continue
        found += [int(line.split()[1]) for line in lines if line.startswith(("rchar:", "read_bytes:"))]
    return sum(found) if found else None


def out_of_memory_kills() -> int:
    """How many processes the kernel has killed since boot because memory ran out, of a control group's too; 0 where it
    does not count them (mm/oom_kill.c since Linux 4.13).
    """
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
