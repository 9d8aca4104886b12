"""Which folder a path means: a file in it, a cached repo, or the folder around a single model name one too."""

from __future__ import annotations

from pathlib import Path

from modelscan.hubs.folder.describe import CONFIGS

_SETTINGS = ("*.json", "*.safetensors", "*.bin", "*.pt", "*.gguf")
_DEEPEST = 2


def model_folder(path: Path) -> Path:
    """The folder that holds the weights, absolute; what means no other folder stays as it is, as a GGUF file does."""
    folder = path.expanduser().absolute()
    if folder.is_file() and folder.suffix in {".safetensors", ".json", ".bin", ".pt"}:
        folder = folder.parent
    if not folder.is_dir() or any((folder / name).is_file() for name in CONFIGS):
        return folder
    if (folder / "snapshots").is_dir():
        return _snapshot(folder)
    if any(next(folder.glob(pattern), None) for pattern in _SETTINGS):  # something else than a box around a model
        return folder
    found = {
        config.parent
        for depth in range(1, _DEEPEST + 1)
        for name in CONFIGS
        for config in folder.glob("*/" * depth + name)
    }
    return found.pop() if len(found) == 1 else folder


def _snapshot(repo: Path) -> Path:
    """The newest commit of a repo in huggingface_hub's cache."""
    commits = [child for child in (repo / "snapshots").iterdir() if child.is_dir()]
    try:
        named = repo / "snapshots" / (repo / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        named = None
    if named in commits:
        return named
    return commits[0] if len(commits) == 1 else repo
