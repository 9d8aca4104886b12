"""The log of a backend: capped, turned over, masked, readable, and never the death of anybody."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hostile_house import CLOCK, eventually

from modelscan.storage.logs.log_file import LogFile
from modelscan.storage.logs.pump import Pump
from modelscan.storage.logs.reading import follow_log, read_log

STAMP = "2026-11-21T03:52:01.000Z"


def test_files_turn_over_at_their_size_and_the_oldest_goes(tmp_path: Path) -> None:
    log = LogFile(tmp_path, max_bytes=1000, files=3)
    for number in range(200):
        log.write(STAMP, [b"line %d" % number])
    log.close()
    sizes = {path.name: path.stat().st_size for path in tmp_path.glob("backend.log*")}
    assert sorted(sizes) == ["backend.log", "backend.log.1", "backend.log.2"]
    assert max(sizes.values()) <= 1000
    lines = read_log(tmp_path)
    assert [line.text for line in lines][-1] == "line 199"
    numbers = [int(line.text.split()[1]) for line in lines]
    assert numbers == list(range(numbers[0], 200))
    assert (tmp_path / "backend.log").stat().st_mode & 0o777 == 0o600


def test_a_full_disk_costs_lines_and_says_how_many(tmp_path: Path) -> None:
    (tmp_path / "backend.log").symlink_to("/dev/full")
    log = LogFile(tmp_path)
    log.write(STAMP, [b"one", b"two"])
    assert log.lost == 2
    log.close()
    (tmp_path / "backend.log").unlink()
    log = LogFile(tmp_path)
    log.lost = 2
    log.write(STAMP, [b"three"])
    assert [line.text for line in read_log(tmp_path)] == ["modelscan: 2 lines could not be written", "three"]


def test_tail_and_since(tmp_path: Path) -> None:
    log = LogFile(tmp_path)
    log.write("2026-11-21T03:52:01.100Z", [b"early"])
    log.write("2026-11-21T03:52:02.200Z", [b"late", b"later"])
    assert [line.text for line in read_log(tmp_path, tail=2)] == ["late", "later"]
    since = datetime(2026, 11, 21, 3, 52, 2, tzinfo=UTC)
    assert [line.text for line in read_log(tmp_path, since=since)] == ["late", "later"]
    assert [line.text for line in read_log(tmp_path, since=since, tail=1)] == ["later"]
    assert read_log(tmp_path / "none") == []


class Typist:
    """A clock that writes to the log whenever it is slept on."""

    def __init__(self, log: LogFile, waiting: list[bytes]) -> None:
        self.log, self.waiting = log, waiting

    def now(self) -> datetime:
        raise NotImplementedError

    def monotonic(self) -> float:
        raise NotImplementedError

    def sleep(self, _: float, /) -> None:
        if self.waiting:
            self.log.write(STAMP, [self.waiting.pop(0)])


def test_following_misses_nothing_over_a_turn_and_ends_with_the_deployment(tmp_path: Path) -> None:
    log = LogFile(tmp_path, max_bytes=100, files=3)
    log.write(STAMP, [b"zero"])
    typist = Typist(log, [b"line %d" % number for number in range(9)])
    seen = [line.text for line in follow_log(tmp_path, tail=1, is_over=lambda: not typist.waiting, clock=typist)]
    assert seen == ["zero", *(f"line {number}" for number in range(9))]


def pump(tmp_path: Path, *chunks: bytes, secret: str | None = None, pause: float = 0.0) -> tuple[Pump, list[str]]:
    read, write = os.pipe()
    heard: list[str] = []
    made = Pump(read, LogFile(tmp_path), clock=CLOCK, on_line=heard.append, secrets=(secret,) if secret else ())
    made.start()
    for chunk in chunks:
        os.write(write, chunk)
        time.sleep(pause)
    os.close(write)
    made.join(5)
    os.close(read)
    return made, heard


def test_lines_and_progress_bars_reach_the_log_and_the_reader(tmp_path: Path) -> None:
    made, heard = pump(tmp_path, b"one\r\n 10%|#\r 20%", b"|##\rtorn")
    assert heard == ["one", " 10%|#", " 20%|##", "torn"]
    assert [line.text for line in read_log(tmp_path)] == heard
    assert made.tail().splitlines() == heard


def test_the_key_of_the_api_is_masked_and_garbage_is_no_obstacle(tmp_path: Path) -> None:
    made, heard = pump(tmp_path, b"key=sk-very", b"-secret\n\xff\xfe\0\n", b"x" * 40_000, secret="sk-very-secret")
    assert heard[0] == "key=***"
    assert "very-secret" not in made.tail()
    assert b"very-secret" not in (tmp_path / "backend.log").read_bytes()
    assert max(len(line) for line in heard) == 4_096  # no pattern sees more of a line
    assert (tmp_path / "backend.log").read_bytes().count(b"x") == 40_000


@pytest.mark.parametrize("before", range(16_371, 16_387, 3))
def test_a_key_is_masked_where_a_long_line_is_cut(before: int, tmp_path: Path) -> None:
    text = b"x" * before + b"sk-very-secret" + b"y" * 20
    made, _ = pump(tmp_path, text[:16_385], text[16_385:], secret="sk-very-secret", pause=0.05)
    assert b"x***y" in made.tail().replace("\n", "").encode()
    log = (tmp_path / "backend.log").read_bytes()
    assert all(part not in log for part in (b"sk-", b"very", b"secret"))


def test_a_reader_that_stops_listening_still_gets_the_log(tmp_path: Path) -> None:
    read, write = os.pipe()
    heard: list[str] = []
    made = Pump(read, LogFile(tmp_path), clock=CLOCK, on_line=heard.append)
    made.listening = False
    made.start()
    os.write(write, b"quiet\n")
    eventually(lambda: read_log(tmp_path))
    os.close(write)
    made.join(5)
    os.close(read)
    assert heard == []
    assert threading.active_count() >= 1
