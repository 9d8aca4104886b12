"""Download files: several at a time, resumable, each verified before it gets its name.

huggingface_hub writes to a file of a new name in every process and removes it at the end (since its pull request 4228;
2.4.0, file_download.py, `_download_to_tmp_and_move`), so that a killed download starts from zero. Here the unfinished
file keeps its name, `….incomplete`, and a lock on the hub's own lock file keeps two processes from one file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any, BinaryIO

from modelscan.errors import Gated, ModelscanError, SourceUnavailable, Unauthorized
from modelscan.hubs.files import RemoteFile
from modelscan.hubs.transfer.meter import Meter
from modelscan.hubs.transfer.parts import Open, Part
from modelscan.hubs.transfer.verify import hasher_for
from modelscan.storage.files import storage_failed
from modelscan.storage.locks import hold
from modelscan.system.clock import Clock
from modelscan.system.retry import Backoff, Retries
from modelscan.system.threads import each

_AT_ONCE = 8
_BLOCK = 4 * 1024**2
# A connection may break as often as it likes while bytes come. A hub that counts requests over minutes says when to
# come back: it is given that long.
_BACKOFF = Backoff(tries=5, first=0.1, factor=5.0, longest=8.0, longest_asked=600.0)
_SLEEP_SECONDS = 0.1


class Stopped(Exception):
    """Another part failed, or the user gave up."""


class Transfer:
    """Gets parts."""

    def __init__(self, open_at: Open, meter: Meter, clock: Clock) -> None:
        self._open, self._meter, self.clock = open_at, meter, clock
        self._stop = threading.Event()

    def run(self, parts: Sequence[Part]) -> list[Part]:
        """Get all, the largest first: they take longest. Those that were fetched here, and so were checked.

        Raises the first failure; what came stays.
        """
        ordered = sorted(parts, key=lambda part: -part.file.size_bytes)
        fetched = each(self.get, ordered, at_once=_AT_ONCE, clock=self.clock, stop=self._stop.set)
        return [part for part, here in zip(ordered, fetched, strict=True) if here]

    def get(self, part: Part) -> bool:
        """One file, and once again when what came is not what the hub lists. False: another process got it."""
        try:
            part.target.parent.mkdir(parents=True, exist_ok=True)
            part.lock.parent.mkdir(parents=True, exist_ok=True)
            part.lock.touch()  # with the mode that other tools would give it
        except OSError as error:
            raise storage_failed(part.target, error) from error
        note = f"process {os.getpid()} downloads {part.file.path}"
        with hold(part.lock, note=note, timeout=float("inf"), on_wait=self._meter.wait, clock=_Interruptible(self)):
            try:
                if part.target.exists() and part.target.stat().st_ino != part.replaces:
                    self._meter.add(part.file.size_bytes - part.here_bytes)
                    return False
                self._get_locked(part)
            except OSError as error:
                raise storage_failed(part.partial, error) from error
            return True

    def _get_locked(self, part: Part) -> None:
        for _ in range(2):
            with part.partial.open("ab+") as out:
                right = self._append(part, out)
            if right:
                part.partial.replace(part.target)
                return
            self._meter.add(-part.file.size_bytes)
            part.partial.unlink()
        raise _wrong_bytes(part.file)

    def _append(self, part: Part, out: BinaryIO) -> bool:
        running = hasher_for(part.file)
        have = self._read_back(part, out, running)
        retries = Retries(_BACKOFF, _Interruptible(self))
        while have < part.file.size_bytes:
            before, failure = have, None
            try:
                have = self._receive(part, out, have, running)
            except SourceUnavailable as error:
                have, failure = out.tell(), error
            if have > before:
                retries.progressed()
            elif failure is None:
                failure = SourceUnavailable(f"the server sends no data for `{part.file.path}`")
            if failure is not None and not retries.again(failure):
                refused = failure.details.get("status") is not None or isinstance(failure, Gated | Unauthorized)
                raise failure if refused else _broke_off(part.file, have, failure) from failure
        return part.file.digest is None or running.hexdigest() == part.file.digest

    def _read_back(self, part: Part, out: BinaryIO, running: Any) -> int:
        """Count what is there already into the hash. More than the file can have is thrown away."""
        size = out.seek(0, os.SEEK_END)
        if size > part.file.size_bytes:
            self._meter.add(-part.file.size_bytes)
            out.truncate(0)
            return out.seek(0)
        out.seek(0)
        left = size
        while left and (block := out.read(min(left, _BLOCK))):
            self.check_stop()
            running.update(block)
            left -= len(block)
        out.seek(0, os.SEEK_END)
        return size

    def _receive(self, part: Part, out: BinaryIO, have: int, running: Any) -> int:
        with self._open(part.file, have) as source:
            skip = have - source.start
            if skip < 0:
                raise SourceUnavailable(f"the server skipped bytes of `{part.file.path}`")
            for received in source.chunks:
                self.check_stop()
                chunk = received
                if skip > 0:  # the server began further ahead than it was asked to
                    skip, chunk = max(0, skip - len(received)), received[skip:]
                chunk = chunk[: part.file.size_bytes - have]
                out.write(chunk)
                running.update(chunk)
                have += len(chunk)
                self._meter.add(len(chunk))
        out.flush()
        return have

    def check_stop(self) -> None:
        if self._stop.is_set():
            raise Stopped


class _Interruptible:
    """A clock that does not sleep on when the transfer is over."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self.now, self.monotonic = transfer.clock.now, transfer.clock.monotonic

    def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        self._transfer.check_stop()
        while (left := until - self.monotonic()) > 0:
            self._transfer.clock.sleep(min(left, _SLEEP_SECONDS))
            self._transfer.check_stop()


def _wrong_bytes(file: RemoteFile) -> ModelscanError:
    return SourceUnavailable(
        f"`{file.path}` arrived damaged",
        cause=["its checksum differs from the hub's twice in a row"],
        hints=["a proxy or a mirror may alter it: try without one", "try again later"],
        details={"file": file.path, "expected": file.digest},
    )


def _broke_off(file: RemoteFile, have: int, error: SourceUnavailable) -> SourceUnavailable:
    return SourceUnavailable(
        f"the download of `{file.path}` keeps failing",
        cause=[error.message, *error.cause, f"{have} of {file.size_bytes} bytes are downloaded"],
        hints=["run the command again to resume the download", *error.hints],
        details={"file": file.path, "have_bytes": have, "size_bytes": file.size_bytes},
    )
