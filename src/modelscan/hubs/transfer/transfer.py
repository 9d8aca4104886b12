"""Getting files: several at a time, going on where an earlier try stopped, each checked before it counts as here.

huggingface_hub writes to a file of a new name in every process and removes it at the end (since its pull request 4228;
2.4.0, file_download.py, `_download_to_tmp_and_move`), so that a killed download starts from zero. Here the unfinished
file keeps its name, `….incomplete`, and a lock on the hub's own lock file keeps two processes from one file.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO

from modelscan.errors import ModelscanError, SourceUnavailable
from modelscan.hubs.files import RemoteFile
from modelscan.hubs.transfer.meter import Meter
from modelscan.hubs.transfer.parts import Open, Part
from modelscan.hubs.transfer.verify import hasher_for
from modelscan.storage.files import storage_failed
from modelscan.storage.locks import hold
from modelscan.system.clock import Clock
from modelscan.system.retry import passes

_AT_ONCE = 8
_BLOCK = 4 * 1024**2
# A connection may break as often as it likes while bytes come; so many times in a row without one is too often.
_PATIENCE = 5
_LONGEST_WAIT = 60.0
_GLANCE = 0.02


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
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="transfer") as pool:
            futures = [pool.submit(self.get, part) for part in ordered]
            try:
                # Not the futures' own `wait`: a second Ctrl-C inside a Condition leaves it broken.
                while not all(future.done() for future in futures) and not any(map(_failed, futures)):
                    self.clock.sleep(_GLANCE)
            finally:
                self._stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
        failures = [error for future in futures if (error := _failed(future)) is not None]
        for error in sorted(failures, key=lambda error: isinstance(error, Stopped)):
            raise error
        return [part for part, future in zip(ordered, futures, strict=True) if future.result()]

    def get(self, part: Part) -> bool:
        """One file, and once again when what came is not what the hub lists. False: another process got it."""
        try:
            part.target.parent.mkdir(parents=True, exist_ok=True)
            part.lock.parent.mkdir(parents=True, exist_ok=True)
            part.lock.touch()  # with the mode that other tools would give it
        except OSError as error:
            raise storage_failed(part.target, error) from error
        note = f"process {os.getpid()} gets {part.file.path}"
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
        tries = 0
        while have < part.file.size_bytes:
            before = have
            try:
                have = self._receive(part, out, have, running)
            except SourceUnavailable as error:
                have = out.tell()
                tries = 0 if have > before else tries + 1
                if not passes(error) or (tries >= _PATIENCE and "status" in error.details):
                    raise
                if tries >= _PATIENCE:
                    raise _broke_off(part.file, have, error) from error
                self._rest(tries, error)
            else:
                tries = 0 if have > before else tries + 1
                if tries >= _PATIENCE:
                    raise _broke_off(part.file, have)
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
                raise SourceUnavailable(f"the server leaves out bytes of `{part.file.path}`")
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

    def _rest(self, tries: int, error: SourceUnavailable) -> None:
        """Wait before the next try: as long as the hub says, else a little longer each time."""
        told = error.details.get("retry_after")
        seconds = min(float(told), _LONGEST_WAIT) if isinstance(told, int | float) else min(0.5 * 2**tries, 8.0)
        until = self.clock.monotonic() + (seconds if tries or told else 0.1)
        while self.clock.monotonic() < until:
            self.check_stop()
            self.clock.sleep(0.1)

    def check_stop(self) -> None:
        if self._stop.is_set():
            raise Stopped


class _Interruptible:
    """A clock that does not sleep on when the transfer is over."""

    def __init__(self, transfer: Transfer) -> None:
        self._transfer = transfer
        self.now, self.monotonic = transfer.clock.now, transfer.clock.monotonic

    def sleep(self, seconds: float) -> None:
        self._transfer.check_stop()
        self._transfer.clock.sleep(seconds)


def _failed(future: Future[bool]) -> BaseException | None:
    return future.exception() if future.done() and not future.cancelled() else None


def _wrong_bytes(file: RemoteFile) -> ModelscanError:
    return SourceUnavailable(
        f"`{file.path}` arrives damaged",
        cause=["its content is not what the hub lists, twice in a row"],
        hints=["a proxy or a mirror may alter it: try without", "try again later"],
        details={"file": file.path, "expected": file.digest},
    )


def _broke_off(file: RemoteFile, have: int, error: SourceUnavailable | None = None) -> SourceUnavailable:
    return SourceUnavailable(
        f"the transfer of `{file.path}` breaks off again and again",
        cause=[*([error.message, *error.cause] if error else []), f"{have} of {file.size_bytes} bytes are here"],
        hints=["run the command again: it goes on where it stopped", *(error.hints if error else ())],
        details={"file": file.path, "have_bytes": have, "size_bytes": file.size_bytes},
    )
