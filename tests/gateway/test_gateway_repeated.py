"""A connection that sends one head after another: what is not read again means what it would mean if it were."""

from __future__ import annotations

import asyncio
import itertools
import random
from typing import Any

from fake_upstream import FakeUpstream
from fuzzing import BODY, PATH, cases
from gateway_house import House, member, until
from hypothesis import given
from hypothesis import strategies as st

from modelscan.gateway.http.connection import ClientConnection, ClientLimits
from modelscan.gateway.http.repeated import repeated
from modelscan.gateway.http.request import Request
from modelscan.system.clock import SystemClock

_REQUEST = PATH + b"\r\nhost: x\r\ncontent-length: 17\r\nx: y\r\n\r\n" + BODY
_LONGER = PATH + b"\r\nhost: x\r\ncontent-length: 18\r\nx: y\r\n\r\n" + BODY + b" "


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.wrote: list[bytes] = []

    def write(self, data: Any) -> None:
        self.wrote.append(bytes(data))

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.wrote.append(b"end")

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        self.wrote.append(b"closed")

    def abort(self) -> None:
        self.wrote.append(b"aborted")

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class _Answering:
    """Answers each request at once, and remembers it."""

    def __init__(self, seen: list[object], client: ClientConnection, asked: Request) -> None:
        self.seen, self.client, self.asked, self.body = seen, client, asked, b""

    def head_complete(self) -> None: ...

    def body_data(self, data: bytes) -> None:
        self.body += data

    def body_complete(self) -> None:
        head = self.asked.head
        self.seen.append((head.method, head.path, head.query, head.headers[:1], self.asked.length, self.body))
        self.client.write(b"answer")
        self.client.finished()

    def whole(self, body: bytes) -> None:
        self.body = body
        self.body_complete()

    def client_gone(self) -> None: ...

    def client_paused(self, paused: bool) -> None: ...


def _what_came(pieces: list[bytes]) -> tuple[list[object], list[bytes]]:
    """The requests that a connection found in the pieces, and what it wrote."""
    seen: list[object] = []

    async def feed() -> list[bytes]:
        transport = _Transport()
        limits = ClientLimits(body=1_000_000)
        client = ClientConnection(
            lambda client, asked: _Answering(seen, client, asked), limits=limits, clock=SystemClock(), connections=set()
        )
        client.connection_made(transport)
        for piece in pieces:
            client.data_received(piece)
            await asyncio.sleep(0)
        for _ in range(5):
            await asyncio.sleep(0)
        return transport.wrote

    return seen, asyncio.run(feed())


def _byte_by_byte(pieces: list[bytes]) -> list[bytes]:
    return [bytes([byte]) for byte in b"".join(pieces)]


_PIECES = st.lists(
    st.one_of(
        st.sampled_from([_REQUEST, _LONGER, BODY, b"\r\n", _REQUEST[:40], _REQUEST[40:], _REQUEST[:-17], _LONGER[:-1]]),
        st.integers(1, len(_REQUEST)).map(lambda place: _REQUEST[:place]),
        st.sampled_from([b" ", b"7", b"x: y\r\n\r\n", PATH, b"0\r\n\r\n"]),
    ),
    min_size=1,
    max_size=6,
)


@given(_PIECES)
def test_whatever_follows_it_is_read_as_if_it_came_byte_by_byte(pieces: list[bytes]) -> None:
    pieces = [_REQUEST, *pieces]
    assert _what_came(pieces)[0] == _what_came(_byte_by_byte(pieces))[0]


def test_after_it_attacks_are_what_they_are_without_it() -> None:
    for data in cases(7, 300):
        if len(data) > 4_000:
            continue
        places = random.Random(data).sample(range(len(data)), k=min(2, len(data)))  # noqa: S311  the same each time
        ends = [0, *sorted(places), len(data)]
        pieces = [_REQUEST, *(data[start:end] for start, end in itertools.pairwise(ends) if start < end)]
        assert _what_came(pieces)[0] == _what_came(_byte_by_byte(pieces))[0], pieces


def test_only_the_digits_of_its_length_may_differ() -> None:
    known = repeated(_REQUEST, "head")
    assert known is not None
    assert known.whole(_REQUEST) == BODY
    assert known.whole(_LONGER) == BODY + b" "
    assert known.split(_REQUEST[:-3]) == (17, BODY[:-3])
    assert known.whole(_REQUEST[:-3]) is None
    for other in (b"+17", b" 17", b"17 ", b"", b"1_7", b"0x11", b"\xd9\xa1\xd9\xa7", b"1" * 10):
        assert known.split(_REQUEST.replace(b" 17", b" " + other)) is None
    assert known.split(_REQUEST.replace(b"host: x", b"Host: x")) is None
    assert repeated(_REQUEST.replace(b"content-length: 17", b"x: content-length: 17"), "head") is None


def test_keys_models_and_tables_count_from_one_request_to_the_next(
    house: House, upstream: FakeUpstream, other: FakeUpstream
) -> None:
    house.keys(first="sk-1", second="sk-2")
    try:
        with house.connection() as wire:

            def asked(key: str, model: str = "demo") -> int:
                wire.send("POST", "/v1/chat/completions", {"model": model}, {"authorization": f"Bearer {key}"})
                return wire.answer().status

            assert [asked("sk-1"), asked("sk-1"), asked("sk-3"), asked("sk-1"), asked("sk-2")] == [
                200, 200, 401, 200, 200,
            ]  # fmt: skip
            assert [asked("sk-2"), asked("sk-2", "none"), asked("sk-2")] == [200, 404, 200]
            house.keys(first="sk-1")
            until(lambda: asked("sk-2") == 401, what="the keys to be read")
            assert [asked("sk-1"), asked("sk-2"), asked("sk-1")] == [200, 401, 200]
            before = len(other.requests)
            house.serve(member("demo", other.base_url))
            assert asked("sk-1") == 200
            assert len(other.requests) == before + 1
    finally:
        house.keys()
