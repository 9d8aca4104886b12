"""Reading a log: the last lines, from a given time, or as it grows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.storage.files import translated
from modelscan.storage.logs.log_file import LOG_NAME, log_files
from modelscan.system.clock import Clock

_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class LogLine:
    """`at` is RFC 3339 text with milliseconds, empty for a line that has none (a torn one)."""

    at: str
    text: str


def read_log(
    folder: Path, *, name: str = LOG_NAME, tail: int | None = None, since: datetime | None = None
) -> list[LogLine]:
    """The lines that are kept, oldest first; the last `tail` of those from `since` on. Raises StorageFailed."""
    return _read(log_files(folder, name), tail, since)


def follow_log(
    folder: Path,
    *,
    name: str = LOG_NAME,
    tail: int | None = None,
    since: datetime | None = None,
    is_over: Callable[[], bool],
    clock: Clock,
) -> Iterator[LogLine]:
    """What `read_log` returns, then each new line, until `is_over` and everything is read. Raises StorageFailed."""
    path = folder / name
    inode, offset = _inode(path), _size(path)
    yield from _read(log_files(folder, name), tail, since, newest_bytes=offset)
    rest = b""
    while True:
        over = is_over()
        if _inode(path) != inode:  # rotated: what came before is in the file `.1`
            older = path.with_name(f"{name}.1")
            if _inode(older) == inode:
                rest += _from(older, offset)
            inode, offset = _inode(path), 0
        new = _from(path, offset)
        offset += len(new)
        *whole, rest = (rest + new).split(b"\n")
        yield from (_line(raw) for raw in whole)
        if over:
            return
        clock.sleep(_POLL_SECONDS)


def _read(
    files: list[Path], tail: int | None, since: datetime | None, newest_bytes: int | None = None
) -> list[LogLine]:
    mark = "" if since is None else since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")  # compares as text
    lines: deque[LogLine] = deque()
    left = tail
    for path in reversed(files):  # mostly the newest has all that is asked for
        with translated(path, verb="read"):
            content = path.read_bytes()
        if path.suffix == ".log":  # the newest
            content = content[:newest_bytes]
        whole = [raw for raw in content.split(b"\n") if raw]
        if left is not None:
            whole = whole[max(len(whole) - left, 0) :]
            left -= len(whole)
        lines.extendleft(line for raw in reversed(whole) if (line := _line(raw)).at >= mark)
        if left == 0:
            break
    return list(lines)


def _line(raw: bytes) -> LogLine:
    text = raw.decode("utf-8", "replace")
    stamp, _, rest = text.partition(" ")
    return LogLine(stamp, rest) if stamp[:2] == "20" and stamp[-1:] == "Z" else LogLine("", text)


def _from(path: Path, offset: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read()
    except FileNotFoundError:
        return b""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None
