"""The log of a backend, or of the gateway: timestamped lines in files that are rotated by size. Never fatal.

    2026-11-21T03:52:01.218Z INFO … what the backend wrote

`backend.log` is the newest; `.1` to `.4` are older. A full disk costs lines, which are counted, and nothing else.
"""

from __future__ import annotations

import os
from pathlib import Path

from modelscan.system.clock import Clock

LOG_NAME = "backend.log"
MAX_BYTES = 10 * 1000**2
FILES = 5
_MODE = 0o600


def stamp_of(clock: Clock) -> str:
    """The time now, as lines begin."""
    return clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def log_files(folder: Path, name: str = LOG_NAME) -> list[Path]:
    """The files there are, oldest first."""
    names = [name, *(f"{name}.{number}" for number in range(1, FILES))]
    return [path for path in (folder / each for each in reversed(names)) if path.exists()]


class LogFile:
    """Appends lines; made to be used by one thread."""

    def __init__(self, folder: Path, *, name: str = LOG_NAME, max_bytes: int = MAX_BYTES, files: int = FILES) -> None:
        self._path = folder / name
        self._max_bytes = max_bytes
        self._files = files
        self._descriptor: int | None = None
        self._size = 0
        self._broken = False  # the last line was written in part only
        self.lost = 0

    def write(self, stamp: str, lines: list[bytes]) -> None:
        """Append lines (without line ends), all with the timestamp `stamp`."""
        if self.lost:
            note = f"modelscan: {self.lost} lines could not be written".encode()
            if self._append(stamp.encode() + b" " + note + b"\n"):
                self.lost = 0
        prefix = stamp.encode() + b" "
        if lines and not self._append(prefix + (b"\n" + prefix).join(lines) + b"\n"):
            self.lost += len(lines)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, data: bytes) -> bool:
        try:
            if self._size + len(data) > self._max_bytes and self._size:
                self._rotate()
            if self._descriptor is None:
                self._open()
            assert self._descriptor is not None  # noqa: S101  opened above
            if self._broken:
                data = b"\n" + data
            written = os.write(self._descriptor, data)
        except OSError:
            return False
        self._size += written
        self._broken = 0 < written < len(data)
        return written == len(data)

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _MODE)
        self._size = os.fstat(self._descriptor).st_size

    def _rotate(self) -> None:
        self.close()
        self._size = 0
        for number in range(self._files - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)
