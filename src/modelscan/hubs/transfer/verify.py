"""Verify files against their hub's listing: size, then SHA-256 (git's SHA-1 for small ones), once per file.

huggingface_hub has `verify_repo_checksums`. It is not used: it asks the hub again for the list, hashes every file every
time, and calls each file missing that was left out on purpose (2.4.0, utils/_verification.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from modelscan.dataclasses import dataclass
from modelscan.errors import StorageFailed
from modelscan.hubs.files import RemoteFile
from modelscan.hubs.transfer.hashing import hashing
from modelscan.storage.files import storage_failed, write_atomic

Verdict = Literal["ok", "missing", "wrong size", "wrong hash"]
_BLOCK = 4 * 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckedFile:
    """The verdict on one file; `path` is its local path, `inode` that of the file found there."""

    file: RemoteFile
    path: Path
    verdict: Verdict
    inode: int | None = None


class Verified:
    """The files verified before, by size, modification time and inode: a touched file is read again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, list[Any]] = {}
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            self._known = known if isinstance(known, dict) else {}
        except (OSError, ValueError):
            pass  # it only saves reading

    def holds(self, path: Path, digest: str) -> bool:
        return self._known.get(str(path)) == _mark(path, digest)

    def add(self, path: Path, digest: str) -> None:
        self._known[str(path)] = _mark(path, digest)

    def forget(self, path: Path) -> None:
        self._known.pop(str(path), None)

    def save(self) -> None:
        """Raises nothing: a disk that takes no notes costs only time."""
        self._known = {name: mark for name, mark in self._known.items() if Path(name).exists()}
        try:
            write_atomic(self.path, json.dumps(self._known))
        except StorageFailed:
            return


def verify_files(
    folder: Path,
    files: Iterable[RemoteFile],
    verified: Verified,
    *,
    again: bool = False,
    on_bytes: Callable[[int], None] = lambda _: None,
) -> tuple[CheckedFile, ...]:
    """The verdict on each file below `folder`. `again` reads also those found right before."""
    found = tuple(_check(folder / file.path, file, verified, again=again, on_bytes=on_bytes) for file in files)
    verified.save()
    return found


def hasher_for(file: RemoteFile) -> Any:
    """A running hash of the kind that `file.digest` is."""
    if file.sha256 is not None:
        return hashing("sha256")
    return hashing("sha1", f"blob {file.size_bytes}\0".encode())


def _check(
    path: Path, file: RemoteFile, verified: Verified, *, again: bool, on_bytes: Callable[[int], None]
) -> CheckedFile:
    real = path.resolve()
    inode = real.stat().st_ino if real.is_file() else None
    verdict = _verdict(path, file, verified, again=again, on_bytes=on_bytes)
    if verdict == "ok" and file.digest:
        verified.add(real, file.digest)
    elif verdict != "missing":
        verified.forget(real)
    return CheckedFile(file=file, path=path, verdict=verdict, inode=inode)


def _verdict(
    path: Path, file: RemoteFile, verified: Verified, *, again: bool, on_bytes: Callable[[int], None]
) -> Verdict:
    if not path.is_file():
        return "missing"
    if path.stat().st_size != file.size_bytes:
        return "wrong size"
    if file.digest is None or (not again and verified.holds(path.resolve(), file.digest)):
        on_bytes(file.size_bytes)
        return "ok"
    running = hasher_for(file)
    try:
        with path.open("rb", buffering=0) as content:
            while block := content.read(_BLOCK):
                running.update(block)
                on_bytes(len(block))
    except OSError as error:
        raise storage_failed(path, error, verb="read") from error
    return "ok" if running.hexdigest() == file.digest else "wrong hash"


def _mark(path: Path, digest: str) -> list[Any]:
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ino, digest]
