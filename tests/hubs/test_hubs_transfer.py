"""The transfer by itself, with a source that does whatever it likes: the bytes are right, or there is an error."""

from __future__ import annotations

import _thread
import contextlib
import hashlib
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelscan.dataclasses import dataclass, replace
from modelscan.errors import ModelscanError, SourceUnavailable
from modelscan.hubs.files import RemoteFile, Transferred
from modelscan.hubs.transfer.meter import Meter
from modelscan.hubs.transfer.parts import ByteStream, Part
from modelscan.hubs.transfer.transfer import Transfer
from modelscan.hubs.transfer.verify import Verified, verify_files
from modelscan.system.clock import SystemClock
from modelscan.system.http import Http

DATA = bytes(range(256)) * 8
FILE = RemoteFile(path="a/model.safetensors", size_bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest())


class QuickClock(SystemClock):
    passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds
        time.sleep(0.0005)  # let the others have their turn


@dataclass(frozen=True)
class Answer:
    """Begins `early` bytes before what was asked for (after it where negative), gives `length` bytes in `chunk`s, one of them `wrong`, and ends
    in an error or as if all were well.
    """

    early: int
    length: int
    chunk: int
    wrong: int | None
    fails: bool


ANSWERS = st.lists(
    st.builds(
        Answer,
        early=st.sampled_from([0, 0, 0, 7, 10**6, -3]),
        length=st.integers(0, 3000),
        chunk=st.integers(1, 700),
        wrong=st.none() | st.none() | st.none() | st.integers(0, len(DATA) - 1),
        fails=st.booleans(),
    ),
    max_size=12,
)


@given(ANSWERS, st.binary(max_size=40) | st.integers(0, len(DATA) + 50))
def test_whatever_the_source_does(answers: list[Answer], left: bytes | int) -> None:
    """`left` is what an earlier try left: rubbish, or so many right bytes."""
    script = iter(answers)

    @contextlib.contextmanager
    def open_at(file: RemoteFile, start: int) -> Iterator[ByteStream]:
        answer = next(script, Answer(0, len(DATA), 512, None, False))
        first = max(0, min(start - answer.early, len(DATA)))
        data = bytearray(DATA)
        if answer.wrong is not None:
            data[answer.wrong] ^= 1

        def chunks() -> Iterator[bytes]:
            end = min(first + answer.length, len(data))
            for place in range(first, end, answer.chunk):
                yield bytes(data[place : min(place + answer.chunk, end)])
            if answer.fails:
                raise SourceUnavailable("gone")

        yield ByteStream(first, chunks())

    with tempfile.TemporaryDirectory() as folder:
        clock = QuickClock()
        part = Part(file=FILE, target=Path(folder) / "blobs" / "x", lock=Path(folder) / "locks" / "x")
        part.partial.parent.mkdir()
        part.partial.write_bytes((DATA + DATA)[:left] if isinstance(left, int) else left)
        heard: list[Transferred] = []
        meter = Meter(len(DATA), part.here_bytes, heard.append, clock)
        try:
            fetched = Transfer(open_at, meter, clock).run([part])
        except SourceUnavailable:
            assert not part.target.exists()
            return
        meter.finish()
        assert fetched == [part]
        assert part.target.read_bytes() == DATA
        assert not part.partial.exists()
        assert heard[-1].done_bytes == heard[-1].total_bytes


@settings(max_examples=40)
@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_any_wrong_byte_is_found(place: int, change: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE.path
        path.parent.mkdir()
        wrong = bytearray(DATA)
        wrong[place] ^= change
        path.write_bytes(wrong)
        small = replace(FILE, sha256=None, blob_id=hashlib.sha1(b"blob %d\0" % len(DATA) + DATA).hexdigest())  # noqa: S324
        for file in (FILE, small):
            (found,) = verify_files(Path(folder), [file], Verified(Path(folder) / "verified.json"))
            assert found.verdict == "wrong hash"
        path.write_bytes(DATA)
        for file in (FILE, small):
            (found,) = verify_files(Path(folder), [file], Verified(Path(folder) / "verified.json"))
            assert found.verdict == "ok"


def test_an_interruption_while_the_first_files_begin_waits_for_none_of_them(tmp_path: Path) -> None:
    begun = threading.Event()

    @contextlib.contextmanager
    def open_at(_: RemoteFile, start: int) -> Iterator[ByteStream]:
        if not begun.is_set():
            begun.set()
            _thread.interrupt_main()

        def chunks() -> Iterator[bytes]:
            yield DATA[:1]
            time.sleep(0.2)
            yield DATA[1:]

        yield ByteStream(start, chunks())

    files = [replace(FILE, path=f"{number}") for number in range(500)]
    parts = [Part(file=file, target=tmp_path / file.path, lock=tmp_path / "locks" / file.path) for file in files]
    meter = Meter(len(DATA) * len(parts), 0, lambda _: None, QuickClock())
    with pytest.raises(KeyboardInterrupt):
        Transfer(open_at, meter, QuickClock()).run(parts)
    assert not [part for part in parts if part.target.exists()]


def test_names_that_lead_out_of_the_folder_are_refused() -> None:
    for path in ("../x", "/etc/passwd", "a//b", "a/../../b", "a\\b", ""):
        try:
            RemoteFile(path=path, size_bytes=1)
        except ModelscanError:
            continue
        raise AssertionError(path)
    for digest in ("../../x", "A" * 64, "0" * 63):
        try:
            RemoteFile(path="a", size_bytes=1, sha256=digest)
        except ModelscanError:
            continue
        raise AssertionError(digest)


def test_an_unknown_certificate_is_told_from_a_dead_line() -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")

    session = Http(httpx.MockTransport(fail)).session()
    with pytest.raises(SourceUnavailable) as raised, session, session.stream("https://hub.example/x?secret=1"):
        pass
    assert raised.value.message == "`https://hub.example/x` cannot be reached"
    assert raised.value.hints == (
        "if a proxy or your company signs it, set its certificates: export SSL_CERT_FILE=/path/to/ca.pem",
    )


def test_the_rate_and_the_time_left() -> None:
    heard: list[Transferred] = []
    clock = QuickClock()
    meter = Meter(100_000_000, 0, heard.append, clock)
    for _ in range(10):
        clock.sleep(1.0)
        meter.add(5_000_000)
    assert (heard[-1].bytes_per_second, heard[-1].seconds_left) == (5_000_000, 10)
    assert str(heard[-1]) == "47.68 MiB of 95.37 MiB, 4.77 MiB/s, 10 s left"
