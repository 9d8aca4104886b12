"""Whether an index file is still what was written: a checksum at its end.

SQLite notices a broken structure where it meets it, but not a changed letter, which may be a price or a repo. The
checksum is taken of every file once: a mark beside it says for which (inode, size, time of its last change) it was
right, so that a search does not read thirteen megabytes to show twenty lines.
"""

from __future__ import annotations

import contextlib
import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO

from modelscan.catalog.index.schema import APPLICATION_ID
from modelscan.storage.paths import INDEX_FORMAT

_MAGIC = b"msix"
_TRAILER_BYTES = len(_MAGIC) + 4
_HEADER_BYTES = 100  # SQLite's file format, section 1.3
_MARK = ".whole-"
_CHUNK = 1 << 20


class DamagedIndex(Exception):
    """The file is not a whole index of ours."""


def seal(path: Path) -> None:
    """Append the checksum to a new index and sync it to disk. SQLite ignores what follows its pages."""
    with path.open("rb+") as file:
        checksum = _checksum(file, path.stat().st_size)
        file.seek(0, os.SEEK_END)
        file.write(_MAGIC + checksum)
        file.flush()
        os.fsync(file.fileno())


def check(path: Path, *, trusted: bool) -> None:
    """Check that an index is whole; of a `trusted` file check only the size. Raises DamagedIndex or OSError."""
    if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for ever
        raise DamagedIndex("it is not a file")
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        header = file.read(_HEADER_BYTES)
        page_size, pages, version, application = (
            int.from_bytes(header[start:stop], "big") for start, stop in ((16, 18), (28, 32), (60, 64), (68, 72))
        )
        if not header.startswith(b"SQLite format 3\0") or (application, version) != (APPLICATION_ID, INDEX_FORMAT):
            raise DamagedIndex("it is not an index of this version")
        end = pages * page_size
        if found.st_size != end + _TRAILER_BYTES:
            raise DamagedIndex("its size does not match its header")
        mark = path.with_name(_mark_of(found))
        if trusted or mark.exists():
            return
        file.seek(end)
        trailer = file.read(_TRAILER_BYTES)
        if trailer != _MAGIC + _checksum(file, end):
            raise DamagedIndex("its checksum does not match")
    _set(mark)


def mark_as_whole(path: Path, folder: Path) -> None:
    """Mark a file that is about to move into the folder as checked: it was written just now."""
    for old in folder.glob(f"{_MARK}*"):
        old.unlink(missing_ok=True)  # marks of files that are gone; a missing mark is made again
    _set(folder / _mark_of(path.stat()))


def _mark_of(found: os.stat_result) -> str:
    return f"{_MARK}{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"


def _set(mark: Path) -> None:
    with contextlib.suppress(OSError):  # in a read-only folder the check runs each time
        mark.touch(mode=0o600)


def _checksum(file: BinaryIO, length: int) -> bytes:
    file.seek(0)
    checksum, left = 0, length
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        checksum = zlib.crc32(chunk, checksum)
        left -= len(chunk)
    return checksum.to_bytes(4, "big")
