"""Describe the weights in a folder from its `config.json`, file names and safetensors headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelscan.dataclasses import replace
from modelscan.errors import ModelNotFound, ModelscanError
from modelscan.hubs.describing import ReadRange, describe_listing
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.model import WeightsDescription
from modelscan.weights.reading.gguf_files import gguf_files, is_projector, missing_parts

CONFIGS = ("config.json", "params.json")


def describe_folder(path: Path, form: str | None = None) -> WeightsDescription:
    """The weights in a folder, or in a GGUF file, from their headers only; `form` is which of several quantizations.

    Raises ModelNotFound where there is no folder or nothing in it that a backend loads, ModelscanError where a file is
    damaged, or a shard that the index names is missing.
    """
    folder = path.expanduser()
    if is_gguf_file(folder):
        return _of_file(folder)
    if not folder.is_dir():
        raise ModelNotFound(
            f"the folder `{path}` does not exist",
            hints=[f"ls '{path.parent}'", f"modelscan catalog search '{path.name}'"],
            details={"path": str(path)},
        )
    try:
        return describe_listing("local_path", str(folder), folder_listing(folder), folder_reader(folder), form)
    except ModelNotFound as error:
        if error.hints:
            raise
        raise ModelNotFound(
            error.message,
            cause=error.cause,
            hints=[_what_is_there(folder)],
            details={**error.details, "path": str(path)},
        ) from None


def is_gguf_file(path: Path) -> bool:
    return path.suffix == ".gguf" and path.is_file()


def _of_file(path: Path) -> WeightsDescription:
    """No other quantization in its folder."""
    return replace(describe_listing("local_path", str(path), _beside(path), folder_reader(path.parent)), forms=())


def _beside(path: Path) -> Listing:
    """A file that was named, its other parts and the tower beside it."""
    beside = [item.name for item in path.parent.iterdir() if item.is_file()]
    named = gguf_files([path.name])
    parts = [name for name in beside if name in named or name in missing_parts(named)]
    kept = {*parts, *filter(is_projector, beside)}
    return Listing(
        commit="",
        files=tuple(RemoteFile(path=name, size_bytes=(path.parent / name).stat().st_size) for name in sorted(kept)),
    )


def folder_listing(folder: Path) -> Listing:
    """The files of a folder, or of the model in a GGUF file, as a hub would list them. It has no commit."""
    if is_gguf_file(folder):
        return _beside(folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and "\\" not in path.name)
    files = (RemoteFile(path=path.relative_to(folder).as_posix(), size_bytes=path.stat().st_size) for path in paths)
    return Listing(commit="", files=tuple(files))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises ModelscanError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(document, dict):
        raise _damaged(path, "it does not hold a JSON object")
    return document


def folder_reader(folder: Path) -> ReadRange:
    """Reads of its files. They raise ModelscanError."""

    def read(path: str, start: int, end: int) -> bytes:
        try:
            with (folder / path).open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except OSError as error:
            raise _damaged(folder / path, error.strerror or str(error)) from error

    return read


def _damaged(path: Path, cause: str) -> ModelscanError:
    return ModelscanError(
        f"`{path}` is damaged", cause=[cause], hints=["download it again"], details={"path": str(path)}
    )


def _what_is_there(folder: Path) -> str:
    below = sorted(child.parent for name in CONFIGS for child in folder.glob(f"*/{name}"))
    return f"did you mean `{below[0]}`?" if below else "name the folder that holds the downloaded model"
