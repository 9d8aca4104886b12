"""List and delete the weights in the caches that all tools share. No network."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.errors import Conflict
from modelscan.hubs.modelscope.cache import hub_cache as modelscope_cache
from modelscan.hubs.variables import hub_cache
from modelscan.model.words import HubName
from modelscan.storage.files import translated
from modelscan.storage.locks import is_held

_HUGGINGFACE = "models--"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """One repo in a cache. `path` is the folder that it has for itself, with all its commits; `locks` holds the locks
    of those who fetch it. `unfinished_bytes`, a part of `size_bytes`, belong to files that are not whole yet.
    """

    source: HubName
    repo_id: str
    path: Path
    commits: tuple[str, ...] = ()
    size_bytes: int = 0
    unfinished_bytes: int = 0
    locks: Path | None = None


def stored_weights(environ: Mapping[str, str]) -> tuple[Stored, ...]:
    """All repos of models in the caches of Hugging Face and ModelScope, the largest first."""
    found: list[Stored] = []
    cache = hub_cache(environ)
    for folder in _folders(cache):
        if folder.name.startswith(_HUGGINGFACE):
            name, locks = folder.name.removeprefix(_HUGGINGFACE), cache / ".locks" / folder.name
            found.append(_stored("huggingface", name, folder, locks))
    models = _folders(modelscope_cache(environ) / "models")
    found += [_stored("modelscope", item.name, item, None) for item in models if (item / "snapshots").is_dir()]
    return tuple(sorted(found, key=lambda item: (-item.size_bytes, item.repo_id)))


def repo_folder(snapshot: Path) -> Path:
    """The folder that a repo has for itself, from that of one of its commits."""
    return snapshot.parents[1]


def take_away(stored: Stored) -> int:
    """Delete a repo with all its commits; returns the bytes freed.

    Its snapshots go first: what a crash leaves of it looks like what it is, not there. Raises Conflict while it is
    being fetched, StorageFailed.
    """
    if stored.locks is not None and any(is_held(lock) for lock in stored.locks.rglob("*.lock")):
        raise Conflict(
            f"`{stored.repo_id}` is being downloaded",
            hints=["wait for the download to finish, or stop it, then try again"],
            details={"repo_id": stored.repo_id, "path": str(stored.path)},
        )
    with translated(stored.path, verb="remove"):
        for first in (stored.path / "refs", stored.path / "snapshots"):
            if first.is_dir():
                shutil.rmtree(first)
        shutil.rmtree(stored.path)
    if stored.locks is not None:
        shutil.rmtree(stored.locks, ignore_errors=True)
    return stored.size_bytes


def _stored(source: HubName, name: str, folder: Path, locks: Path | None) -> Stored:
    """A repo's folder, whose name has `--` where the repo's has a slash. Hard links count once, others not at all."""
    sizes: dict[tuple[int, int], int] = {}
    unfinished = 0
    for path in folder.rglob("*"):
        try:
            status = path.lstat()
        except OSError:
            continue  # gone meanwhile
        if not stat.S_ISREG(status.st_mode):
            continue
        if path.name.endswith(".incomplete"):
            unfinished += status.st_size
        sizes[status.st_dev, status.st_ino] = status.st_size
    return Stored(
        source=source,
        repo_id=name.replace("--", "/"),
        path=folder,
        commits=tuple(commit.name for commit in _folders(folder / "snapshots")),
        size_bytes=sum(sizes.values()),
        unfinished_bytes=unfinished,
        locks=locks,
    )


def _folders(root: Path) -> Iterator[Path]:
    try:
        yield from sorted(child for child in root.iterdir() if child.is_dir())
    except OSError:
        return
