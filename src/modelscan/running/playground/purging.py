"""The files that were brought for a model, deleted: those that are noted as ours, and are what was brought."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from modelscan.errors import ModelscanError
from modelscan.hubs.ledger import Ledger
from modelscan.hubs.s3.deleting import delete_objects
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.secrets import s3_variables
from modelscan.selecting.context import Context
from modelscan.storage.files import translated
from modelscan.weights.address import parse_s3

_PARTIAL = ".incomplete"


def purge_weights(context: Context, model: PlaygroundModel) -> str | None:
    """Why some are left; None where none are."""
    if not model.place:
        return None
    paths = context.settings.paths
    try:
        with Ledger(paths, context.clock) as ledger:
            sizes = {item.path: item.size_bytes for item in ledger.placed(model.place)}
            if sizes and model.s3 is None:
                _delete_files(Path(model.folder), sizes)
            elif sizes:
                delete_objects(parse_s3(model.place), sizes, s3_variables(paths, model))
            ledger.forget_placed(model.place)
    except ModelscanError as error:
        cause = f": {error.cause[0]}" if error.cause else ""
        return f"its weights were not all deleted: {error.message}{cause}"
    return None


def _delete_files(folder: Path, sizes: Mapping[str, int]) -> None:
    """Folders that are empty then go too."""
    for name, size in sizes.items():
        path = folder / name
        if ".." in Path(name).parts or path.parent.resolve() != _inside(folder, name):
            continue  # somebody has put a link in its place: what it leads to is not ours
        with translated(path, verb="remove"):
            if path.is_file() and not path.is_symlink() and path.stat().st_size == size:
                path.unlink()
            path.with_name(f"{path.name}{_PARTIAL}").unlink(missing_ok=True)
    for below in sorted({(folder / name).parent for name in sizes} | {folder}, key=lambda path: -len(path.parts)):
        with contextlib.suppress(OSError):  # somebody else's files are in it, or it is gone
            below.rmdir()


def _inside(folder: Path, name: str) -> Path:
    return (folder.resolve() / name).parent
