"""Weights on Hugging Face: what is in the cache, what the hub says of them, and getting them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelscan.errors import ModelNotFound, ModelscanError, SourceUnavailable, StorageFailed
from modelscan.hubs.hf_cache import cached_snapshot, hub_cache, ignored_patterns, wanted_files
from modelscan.hubs.hf_client import endpoint_of, is_offline, make_api, token_of, translated
from modelscan.hubs.hf_progress import OnProgress, bar_class
from modelscan.hubs.hf_remote import describe_remote, fetch_file
from modelscan.hubs.local import describe_folder
from modelscan.model import WeightsDescription
from modelscan.units import format_bytes

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

_SECONDS = 20.0


def cached(repo_id: str, revision: str | None, *, environ: Mapping[str, str]) -> Path | None:
    """The snapshot folder (its name is the commit) when all that a backend needs is there. No network."""
    return cached_snapshot(repo_id, revision, hub_cache(environ))


def describe(repo_id: str, revision: str | None, *, environ: Mapping[str, str], offline: bool) -> WeightsDescription:
    """What is known of a repo before a byte of its weights is fetched.

    Asks the hub for the commit; of a complete snapshot in the cache only that. Raises SourceUnavailable (offline or
    unreachable, and not in the cache), Gated, Unauthorized, ModelNotFound.
    """
    if offline or is_offline(environ):
        return _snapshot(_cached_or_refuse(repo_id, revision, environ), repo_id, revision)
    try:
        info = _info(repo_id, revision, environ)
    except (ModelNotFound, SourceUnavailable) as error:
        folder = _instead(error, repo_id, revision, environ)
        return _snapshot(folder, repo_id, revision)
    folder_here = cached(repo_id, info.sha, environ=environ)
    if folder_here is not None:
        return _snapshot(folder_here, repo_id, revision)
    return describe_remote(repo_id, revision, info, environ=environ)


def download(
    repo_id: str,
    revision: str | None,
    *,
    environ: Mapping[str, str],
    offline: bool,
    on_progress: OnProgress,
) -> tuple[Path, str]:
    """Get what a backend needs of a repo into huggingface_hub's cache; the folder and its commit.

    Resumes what an earlier try left. Two processes wait for each other, file by file (the library's locks). Raises
    as `describe` does, and StorageFailed before the first byte when the disk has no room.
    """
    if offline or is_offline(environ):
        folder = _cached_or_refuse(repo_id, revision, environ)
        return folder, folder.name
    try:
        info = _info(repo_id, revision, environ)
    except (ModelNotFound, SourceUnavailable) as error:
        folder = _instead(error, repo_id, revision, environ)
        return folder, folder.name
    here = cached(repo_id, info.sha, environ=environ)
    if here is not None:
        on_progress(1.0, "already here")
        return here, here.name
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    missing = _missing_bytes(repo_id, str(info.sha), sizes, environ)
    _require_room(repo_id, missing, hub_cache(environ))
    on_progress(0.0, f"{format_bytes(missing)} to download")
    from huggingface_hub import snapshot_download

    with translated(repo_id, revision, environ):
        # A refusal shows on the first file: of a whole repo the library would look for a copy in the cache instead.
        fetch_file(repo_id, "config.json", str(info.sha), environ=environ)
        place = snapshot_download(
            repo_id,
            revision=revision,
            cache_dir=hub_cache(environ),
            endpoint=endpoint_of(environ),
            token=token_of(environ),
            ignore_patterns=ignored_patterns(sizes),
            tqdm_class=bar_class(missing, on_progress),
        )
    folder = Path(place)
    if cached(repo_id, folder.name, environ=environ) is None:
        raise SourceUnavailable(
            f"the download of `{repo_id}` is not complete", hints=["run the command again: it goes on where it stopped"]
        )
    on_progress(1.0, "downloaded")
    return folder, folder.name


def _info(repo_id: str, revision: str | None, environ: Mapping[str, str]) -> ModelInfo:
    with translated(repo_id, revision, environ):
        return make_api(environ).model_info(repo_id, revision=revision, files_metadata=True, timeout=_SECONDS)


def _instead(error: ModelscanError, repo_id: str, revision: str | None, environ: Mapping[str, str]) -> Path:
    """The snapshot in the cache, where only the network failed; else the error."""
    folder = cached(repo_id, revision, environ=environ)
    if folder is None or type(error) is not SourceUnavailable:
        raise error
    return folder


def _cached_or_refuse(repo_id: str, revision: str | None, environ: Mapping[str, str]) -> Path:
    folder = cached(repo_id, revision, environ=environ)
    if folder is None:
        raise SourceUnavailable(
            f"`{repo_id}` is not in the cache, and the network is not to be used",
            cause=[f"looked in `{hub_cache(environ)}`"],
            hints=[f"with the network, once: hf download {repo_id}"],
            details={"repo_id": repo_id, "revision": revision},
        )
    return folder


def _snapshot(folder: Path, repo_id: str, revision: str | None) -> WeightsDescription:
    return replace(
        describe_folder(folder), source="huggingface", repo_id=repo_id, revision=revision, commit=folder.name
    )


def _missing_bytes(repo_id: str, commit: str, sizes: Mapping[str, int], environ: Mapping[str, str]) -> int:
    folder = hub_cache(environ) / f"models--{repo_id.replace('/', '--')}" / "snapshots" / commit
    return sum(sizes[name] for name in wanted_files(sizes) if not (folder / name).is_file())


def _require_room(repo_id: str, missing: int, cache: Path) -> None:
    place = next(folder for folder in (cache, *cache.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if missing > free:
        raise StorageFailed(
            f"`{place}` has no room for `{repo_id}`",
            cause=[f"{format_bytes(missing)} are to be downloaded, {format_bytes(free)} are free"],
            hints=["free some space there, or use another disk: export HF_HOME=/path/to/folder"],
            details={"path": str(place), "needed_bytes": missing, "free_bytes": free},
        )
