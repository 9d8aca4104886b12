"""Locks that the kernel releases when their owner dies: `flock` on a file that stays.

A held lock is the proof that its owner lives; the file's text says who that is, for messages only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from modelscan.errors import Conflict
from modelscan.storage.files import private_folder, translated
from modelscan.system.clock import Clock, SystemClock

_POLL_SECONDS = 0.05


class Lock:
    """One exclusive lock. Not re-entrant; release it in the process that took it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def try_acquire(self, note: str = "") -> bool:
        """Take it now, or return False. `note` is written for whoever waits."""
        private_folder(self.path.parent)
        with translated(self.path, verb="lock"):
            # Known before it is locked: after a Ctrl-C in between `release` still lets it go.
            self._descriptor = descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.release()
                return False
        self._note(note)
        return True

    @classmethod
    def handed_over(cls, path: Path, descriptor: int, note: str) -> Self:
        """The lock that the process that started us holds: ours from now on, by the descriptor that we inherited."""
        lock = cls(path)
        os.set_inheritable(descriptor, False)
        lock._descriptor = descriptor
        lock._note(note)
        return lock

    @property
    def descriptor(self) -> int:
        """For a program that is to inherit the lock. Raises ValueError while it is not held."""
        if self._descriptor is None:
            raise ValueError(f"{self.path} is not held")
        return self._descriptor

    def _note(self, note: str) -> None:
        with translated(self.path):
            os.ftruncate(self.descriptor, 0)
            os.pwrite(self.descriptor, note.encode(), 0)

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock. Creates nothing; asks for a shared lock and lets it go at once, so
    that two askers never take each other for the owner.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder(path: Path) -> str:
    """What the last owner wrote about itself."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


@contextlib.contextmanager
def hold(
    path: Path,
    *,
    note: str = "",
    timeout: float = 30.0,
    on_wait: Callable[[str], None] | None = None,
    clock: Clock | None = None,
) -> Iterator[Lock]:
    """Hold the lock, waiting at most `timeout` seconds. Says once, through `on_wait`, whom it waits for.

    Raises Conflict when the time is over.
    """
    clock = clock or SystemClock()
    lock = Lock(path)
    deadline = clock.monotonic() + timeout
    reported = False
    try:
        while not lock.try_acquire(note):
            if not reported and on_wait is not None:
                reported = True
                on_wait(holder(path))
            if clock.monotonic() >= deadline:
                raise Conflict(
                    f"another command holds `{path.name}`",
                    cause=[holder(path) or "its owner is unknown"],
                    hints=["wait for it to finish, then run the command again"],
                    details={"lock": str(path)},
                )
            clock.sleep(_POLL_SECONDS)
        yield lock
    finally:
        lock.release()
