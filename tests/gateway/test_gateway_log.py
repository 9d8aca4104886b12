"""The access log: each line is written, or counted as dropped."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest
from fake_upstream import FakeUpstream
from gateway_house import House, member, request, until
from hypothesis import given
from hypothesis import strategies as st

from modelscan.gateway.log_pipe import LogPipe

DROPPED = re.compile(rb"(\d+) lines were dropped here: the log was not read in time")


class Reader:
    """A pipe that takes so many bytes until it is read."""

    def __init__(self) -> None:
        self.room = 0
        self.got = b""

    def write(self, data: bytes | bytearray) -> int:
        if not self.room:
            raise BlockingIOError
        taken = bytes(data[: self.room])
        self.got += taken
        self.room -= len(taken)
        return len(taken)


@given(st.lists(st.tuples(st.integers(0, 90), st.lists(st.integers(1, 40), max_size=6)), max_size=40))
def test_each_line_is_written_whole_and_in_order_or_counted(steps: list[tuple[int, list[int]]]) -> None:
    reader = Reader()
    pipe = LogPipe(reader.write, most=120)
    said: list[bytes] = []
    for room, sizes in steps:
        reader.room = room
        lines = [b"%d:" % (len(said) + place) + b"x" * size for place, size in enumerate(sizes)]
        said += lines
        pipe.put(lines)
    reader.room = 1_000_000
    assert pipe.put([])
    at = 0
    for line in reader.got.splitlines():
        dropped = DROPPED.fullmatch(line)
        if dropped:
            at += int(dropped[1])
        else:
            assert line == said[at]
            at += 1
    assert at == len(said)


def test_a_pipe_that_nobody_reads_any_more_keeps_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    assert LogPipe(lambda data: os.write(writing, data)).put([b"gone"])
    os.close(writing)


@pytest.fixture
def asleep(running: House) -> Iterator[int]:
    """The pid of who keeps the log, which does not read it."""
    assert running.keeper is not None
    os.kill(running.keeper.pid, signal.SIGSTOP)
    yield running.keeper.pid
    os.kill(running.keeper.pid, signal.SIGCONT)


@pytest.mark.parametrize("requests", [300, pytest.param(4_000, marks=pytest.mark.slow)])
def test_a_log_that_is_not_read_holds_up_no_answer(
    house: House, upstream: FakeUpstream, asleep: int, requests: int
) -> None:
    """300 fill the pipe with whole batches, 4,000 what may wait for it too."""
    name = "n" * 190
    house.serve(member(name, upstream.base_url))
    before = len(house.log().splitlines())
    with house.connection() as wire:
        for number in range(requests):
            headers = {"x-request-id": f"{number:x}".rjust(120, "0")}
            wire.socket.sendall(request("GET", f"/v1/models/{name}", None, headers))
            assert wire.answer().status == 200
    os.kill(asleep, signal.SIGCONT)

    def told() -> int:
        lines = house.log().encode().splitlines()[before:]
        dropped = sum(int(found[1]) for line in lines if (found := DROPPED.search(line)))
        return dropped + sum(b"/v1/models/nnn" in line for line in lines)

    until(lambda: told() == requests, what="each request to be in the log, or counted")
    assert (b"were dropped" in house.log().encode()) == (requests > 300)
