"""Private folders, atomic replacement, and disk errors as ours."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from modelscan.errors import StorageFailed

_ELSEWHERE = "choose a folder you can write to: export MODELSCAN_HOME=/path/to/folder (or HF_HOME for the hub cache)"
_CAUSES = {
    errno.ENOSPC: ("the disk is full", "free some space, then run the command again"),
    errno.EDQUOT: ("your disk quota is used up", "free some space, then run the command again"),
    errno.EROFS: ("the file system is read-only", _ELSEWHERE),
    errno.EACCES: ("permission denied", _ELSEWHERE),
    errno.EPERM: ("permission denied", _ELSEWHERE),
    errno.ENOTDIR: ("part of that path is a file", _ELSEWHERE),
}


def storage_failed(path: Path, error: OSError, *, verb: str = "write") -> StorageFailed:
    """The expected failure for an operating-system error about `path`."""
    cause, hint = _CAUSES.get(error.errno or 0, (error.strerror or str(error), ""))
    return StorageFailed(
        f"cannot {verb} `{path}`",
        cause=[cause],
        hints=[hint] if hint else [],
        details={"path": str(path), "errno": errno.errorcode.get(error.errno or 0)},
    )


@contextlib.contextmanager
def translated(path: Path, *, verb: str = "write") -> Iterator[None]:
    """Inside, OSError becomes StorageFailed about `path`."""
    try:
        yield
    except OSError as error:
        raise storage_failed(path, error, verb=verb) from error


def private_folder(path: Path) -> Path:
    """The folder, made with mode 0700 (parents too) where it is missing. Raises StorageFailed."""
    with translated(path, verb="create"):
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
    return path


def write_atomic(path: Path, content: bytes | str, *, mode: int = 0o600) -> None:
    """Replace the whole file in one step: a reader sees the old or the new content, also after a crash.

    A symbolic link is followed, so that the user's link stays a link. Raises StorageFailed and leaves the old
    file as it was.
    """
    import tempfile  # with what it imports 1 MiB, which supervisors, who never come here, do without

    path = path.resolve()
    private_folder(path.parent)
    data = content.encode() if isinstance(content, str) else content
    with translated(path):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
