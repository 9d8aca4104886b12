"""The parts of a transfer: files to download, and the byte stream of one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.hubs.files import RemoteFile


@dataclass(frozen=True, slots=True)
class ByteStream:
    """Bytes of a file: `start` is the offset at which `chunks` begin, whatever offset was requested."""

    start: int
    chunks: Iterable[bytes]


Open = Callable[[RemoteFile, int], AbstractContextManager[ByteStream]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One file to get: `target` is where it ends up, `lock` what keeps others from it. `replaces` is the inode of a
    wrong file that may stand there; what runs with that one keeps what it has open.
    """

    file: RemoteFile
    target: Path
    lock: Path
    replaces: int | None = None

    @property
    def partial(self) -> Path:
        return self.target.with_name(f"{self.target.name}.incomplete")

    @property
    def here_bytes(self) -> int:
        """The bytes that an earlier attempt downloaded."""
        try:
            return min(self.partial.stat().st_size, self.file.size_bytes)
        except OSError:
            return 0
