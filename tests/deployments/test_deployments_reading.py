"""A backend that reads on while its log is silent makes progress; one that only waits makes none."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from modelscan.system.processes.identity import find
from modelscan.system.processes.memory import bytes_read
from modelscan.targets.local.supervisor.reading import Reading
from modelscan.units import GIB, MIB


def test_only_much_is_progress_and_it_is_looked_at_now_and_then() -> None:
    looks: list[float] = []
    read: list[int | None] = [0]

    def reads() -> int | None:
        looks.append(now)
        return read[0]

    now = 0.0
    reading = Reading(reads, 600.0, now)
    answers = []
    for second, so_far in ((10, GIB), (75, GIB), (80, 2 * GIB), (150, 2 * GIB), (225, 2 * GIB + MIB), (300, None)):
        now, read[0] = float(second), so_far
        answers.append(reading.goes_on(now))
    assert answers == [False, True, False, True, False, False]
    assert looks == [75.0, 150.0, 225.0, 300.0]


def test_what_a_process_reads_is_counted(tmp_path: Path) -> None:
    me = find(os.getpid())
    assert me is not None
    before = bytes_read([me])
    assert before is not None
    file = tmp_path / "weights"
    file.write_bytes(os.urandom(MIB))
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert opened.read() == mapped[:]
    after = bytes_read([me])
    assert after is not None
    assert after - before >= MIB
    assert bytes_read([]) is None
