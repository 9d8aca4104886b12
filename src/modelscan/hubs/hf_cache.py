"""huggingface_hub's cache, read without the library: a look-up must cost nothing on the way to `plan`.

Layout (huggingface_hub guides, "Manage the cache"): `models--owner--name/refs/REVISION` holds a commit,
`snapshots/COMMIT/` links the files, `trees/COMMIT.json` lists what the repo has (written by releases since 2.0).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path

from modelscan.errors import ModelscanError
from modelscan.hubs.local import INDEX, index_shards, loaded_safetensors, read_json

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHARD = re.compile(r"(?P<stem>.+)-\d{5}-of-(?P<count>\d{5})\.(?P<kind>safetensors|bin)")
# What no backend of ours loads: other frameworks' weights, exports, and the vendors' own second copies.
_NEVER = (
    "original/*", "metal/*", "onnx/*", "openvino/*", "coreml/*", "*.pth", "*.pt", "*.gguf", "*.onnx", "*.onnx_data",
    "*.h5", "*.msgpack", "*.ot", "*.tflite", "*.mlmodel", "*.mlpackage/*", "*.ckpt", "*.zip", "*.tar*",
)  # fmt: skip
_WEIGHTS = (".safetensors", ".bin")


def hub_cache(environ: Mapping[str, str]) -> Path:
    """Where huggingface_hub keeps repos: HF_HUB_CACHE, else `hub` in HF_HOME, else below the user's cache folder."""
    if environ.get("HF_HUB_CACHE"):
        return Path(environ["HF_HUB_CACHE"]).expanduser()
    if environ.get("HF_HOME"):
        return Path(environ["HF_HOME"]).expanduser() / "hub"
    base = environ.get("XDG_CACHE_HOME") or str(Path(environ.get("HOME") or "~").expanduser() / ".cache")
    return Path(base).expanduser() / "huggingface" / "hub"


def cached_snapshot(repo_id: str, revision: str | None, cache: Path) -> Path | None:
    """The snapshot of a repo at a revision (branch, tag or commit) when all that a backend needs of it is there."""
    repo = cache / f"models--{repo_id.replace('/', '--')}"
    commit = revision if revision and _COMMIT.fullmatch(revision) else _referenced(repo, revision or "main")
    folder = repo / "snapshots" / commit if commit else None
    if folder is None or not (folder / "config.json").is_file():
        return None
    listed = _listing(repo / "trees" / f"{commit}.json")
    try:
        wanted = wanted_files(listed) if listed else _expected(folder)
    except ModelscanError:
        return None
    has_weights = any(name.endswith(_WEIGHTS) for name in wanted)
    return folder if has_weights and all((folder / name).is_file() for name in wanted) else None


def ignored_patterns(names: Collection[str]) -> list[str]:
    """Patterns, in fnmatch's form, of the files of a repo that no backend needs."""
    ignored = list(_NEVER)
    safetensors = [name for name in names if name.endswith(".safetensors")]
    if any(not Path(name).name.startswith(("consolidated", "adapter_")) for name in safetensors):
        ignored += ["consolidated*.safetensors", "consolidated.safetensors.index.json", "*.bin", "*.bin.index.json"]
    elif safetensors:
        ignored += ["*.bin", "*.bin.index.json"]
    return ignored


def wanted_files(names: Collection[str]) -> list[str]:
    """The files of a repo that a backend needs."""
    patterns = ignored_patterns(names)
    return [name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)]


def _referenced(repo: Path, revision: str) -> str | None:
    try:
        commit = (repo / "refs" / revision).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return None
    return commit if _COMMIT.fullmatch(commit) else None


def _listing(path: Path) -> list[str]:
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _expected(folder: Path) -> list[str]:
    """Without a listing: what the index, or the numbers in the names, say there should be."""
    if (folder / INDEX).is_file():
        return index_shards(read_json(folder / INDEX))
    names = [path.name for path in folder.iterdir()]
    top = loaded_safetensors(names) or [name for name in names if name.endswith(".bin")]
    return sorted({part for name in top for part in _all_parts(name)})


def _all_parts(name: str) -> Iterable[str]:
    match = _SHARD.fullmatch(name)
    if match is None:
        return [name]
    count = int(match["count"])
    return [f"{match['stem']}-{part:05d}-of-{count:05d}.{match['kind']}" for part in range(1, count + 1)]
