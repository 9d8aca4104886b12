"""huggingface_hub's cache, read without importing the library, so that `plan` starts fast.

Layout (huggingface_hub guides, "Manage the cache"): `models--owner--name/refs/REVISION` holds a commit,
`snapshots/COMMIT/` links the files, `trees/COMMIT.json` lists what the repo has (written by releases since 2.0).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelscan.errors import ModelscanError
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.hubs.folder.describe import CONFIGS, read_json
from modelscan.parsing.regex import regex
from modelscan.storage.files import translated
from modelscan.weights.reading.listing import INDEX, all_parts, index_shards, loaded_safetensors

_COMMIT = regex(r"[0-9a-f]{40}")


def repo_folder(cache: Path, repo_id: str) -> Path:
    return cache / f"models--{repo_id.replace('/', '--')}"


def spelling(cache: Path, repo_id: str) -> str | None:
    """The repo in the cache whose name differs in letter case only."""
    wanted = repo_folder(cache, repo_id).name
    try:
        found = sorted(entry.name for entry in cache.iterdir() if entry.name.lower() == wanted.lower())
    except OSError:
        return None
    if not found or wanted in found:
        return None
    return found[0].removeprefix("models--").replace("--", "/", 1)


def is_commit(revision: str | None) -> bool:
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def referenced(repo: Path, revision: str | None) -> str | None:
    """The commit that the cache says a branch or tag was."""
    try:
        commit = (repo / "refs" / (revision or "main")).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return commit if is_commit(commit) else None


def listed(repo: Path, commit: str) -> Listing | None:
    """What the repo has at a commit, where a download through the library left it."""
    try:
        files = json.loads((repo / "trees" / f"{commit}.json").read_text(encoding="utf-8"))["files"]
        found = tuple(_file(path, entry) for path, entry in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ModelscanError):
        return None
    return Listing(commit=commit, files=found) if found else None


def is_complete(folder: Path) -> bool:
    """Without a listing: whether all is there that the index, or the numbers in the names, speak of."""
    try:
        wanted = _expected(folder) if any((folder / name).is_file() for name in CONFIGS) else []
    except ModelscanError:
        return False
    return bool(wanted) and all((folder / name).is_file() for name in wanted)


def link_blob(repo: Path, commit: str, file: RemoteFile, *, links: bool = True) -> None:
    """Let the snapshot show the blob of a file. Raises StorageFailed."""
    link, blob = repo / "snapshots" / commit / file.path, repo / "blobs" / str(file.digest)
    goal = os.path.relpath(blob, link.parent)
    with translated(link):
        if link.is_symlink() and str(link.readlink()) == goal:
            return
        link.parent.mkdir(parents=True, exist_ok=True)
        temporary = link.with_name(f".{link.name}.{os.getpid()}.link")
        temporary.unlink(missing_ok=True)
        if not (links and _linked(temporary, goal)):  # the library moves the blob itself there
            blob.replace(temporary)
        temporary.replace(link)


def _linked(link: Path, goal: str) -> bool:
    """Whether the file system has links."""
    try:
        link.symlink_to(goal)
    except OSError:
        return False
    return True


def write_tree(repo: Path, listing: Listing) -> None:
    """The listing as the library keeps it, so that it knows a complete snapshot too. Raises StorageFailed."""
    path = repo / "trees" / f"{listing.commit}.json"
    if path.exists() or not all(file.blob_id for file in listing.files):
        return
    _write_shared(
        path, json.dumps({"format_version": 1, "files": {f.path: _entry(f) for f in listing.files}}, indent=1)
    )


def write_reference(repo: Path, revision: str | None, commit: str) -> None:
    """Raises StorageFailed."""
    if not is_commit(revision) and referenced(repo, revision) != commit:
        _write_shared(repo / "refs" / (revision or "main"), commit)


def _write_shared(path: Path, text: str) -> None:
    """In one step, readable for those whom the user's umask lets read: the cache may be shared."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


def _file(path: str, entry: Mapping[str, Any]) -> RemoteFile:
    return RemoteFile(
        path=path,
        size_bytes=int(entry.get("lfs_size") or entry["size"]),
        sha256=entry.get("lfs_sha256"),
        blob_id=entry["blob_id"],
        xet_hash=entry.get("xet_hash"),
    )


def _entry(file: RemoteFile) -> dict[str, Any]:
    entry: dict[str, Any] = {"size": file.size_bytes, "blob_id": file.blob_id}
    if file.sha256 is not None:
        entry |= {"lfs_sha256": file.sha256, "lfs_size": file.size_bytes}
    return entry | ({"xet_hash": file.xet_hash} if file.xet_hash else {})


def _expected(folder: Path) -> list[str]:
    """Without a listing: what the index, or the numbers in the names, say there should be."""
    if (folder / INDEX).is_file():
        return index_shards(read_json(folder / INDEX))
    names = [path.name for path in folder.iterdir()]
    top = loaded_safetensors(names) or [name for name in names if name.endswith(".bin")]
    return all_parts(top)
