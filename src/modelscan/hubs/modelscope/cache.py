"""The cache of ModelScope's client: `models/OWNER--NAME/snapshots/REVISION/` with whole files in it.

The client names a folder for the branch and changes the files in it when the branch moves. A deployment stays with its
commit, so the commit has a folder of its own; both share their files as hard links, and nothing is stored twice.
(modelscope_hub 0.5.1, _download.py: `_repo_cache_dir_path`, `_find_legacy_repo_dir`, `_lock_path`.)
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from modelscan.hubs.files import RemoteFile
from modelscan.hubs.transfer.hashing import hashed
from modelscan.storage.files import translated


def hub_cache(environ: Mapping[str, str]) -> Path:
    """MODELSCOPE_CACHE, else `modelscope` in the user's cache folder, which its client does not look for elsewhere."""
    named = environ.get("MODELSCOPE_CACHE")
    return (
        Path(named).expanduser() if named else Path(environ.get("HOME") or "~").expanduser() / ".cache" / "modelscope"
    )


def snapshot(cache: Path, repo_id: str, revision: str) -> Path:
    return cache / "models" / repo_id.replace("/", "--") / "snapshots" / revision


def lock(cache: Path, repo_id: str, path: str) -> Path:
    """The file that the client locks while it gets a file."""
    key = f"modelscope-hub-download-lock-v2\0file\0model\0{repo_id}\0{path}"
    return cache / ".lock" / f"file_{hashed(key, 'sha256')}.lock"


def others(cache: Path, repo_id: str) -> list[Path]:
    """Every folder of the repo, also those of older clients, which wrote dots as `___`."""
    owner, _, name = repo_id.partition("/")
    older = [base / "models" / owner / name.replace(".", "___") for base in (cache, cache / "hub")]
    snapshots = cache / "models" / repo_id.replace("/", "--") / "snapshots"
    newer = sorted(snapshots.iterdir()) if snapshots.is_dir() else []
    return [folder for folder in (*newer, *older) if folder.is_dir()]


def share(sources: Iterable[Path], target: Path, files: Sequence[RemoteFile], *, replace: bool = False) -> None:
    """Link into `target` what it lacks of `files` and a source has in the right size. `replace` also changes what it
    does have. Raises StorageFailed.
    """
    for folder in sources:
        for file in files:
            here, there = target / file.path, folder / file.path
            if not _has_size(there, file.size_bytes) or _same(here, there):
                continue
            if _has_size(here, file.size_bytes) and not replace:
                continue
            with translated(here):
                here.parent.mkdir(parents=True, exist_ok=True)
            temporary = here.with_name(f".{here.name}.{os.getpid()}.link")
            with contextlib.suppress(OSError):  # a file system without links: it is fetched instead
                temporary.unlink(missing_ok=True)
                os.link(there, temporary)
                temporary.replace(here)


def _has_size(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
