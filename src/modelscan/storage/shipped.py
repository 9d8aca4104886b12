"""The data that comes with the program: one function finds it, in an installed wheel and in a checkout."""

from __future__ import annotations

import functools
from pathlib import Path

from modelscan.errors import ModelscanError

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """A file or folder of `catalogs/` by its name there, such as `models.yaml` or `demo`.

    Raises ModelscanError when the installation is incomplete.
    """
    for folder in (_PACKAGE / "catalogs", _PACKAGE.parents[1] / "catalogs"):
        if (folder / name).exists():
            return folder / name
    raise ModelscanError(
        f"the shipped file `{name}` is missing",
        cause=["this installation of modelscan is incomplete"],
        hints=["install it again: uv tool install --reinstall modelscan-cli"],
    )


def is_shipped(path: Path) -> bool:
    """Whether it came with the program."""
    return path.resolve().is_relative_to(shipped("models.yaml").parent)


@functools.lru_cache(maxsize=4)
def shipped_text(name: str) -> str:
    """A whole file, kept: a list of what fits asks for the shapes of two hundred repos, in one file of 1 MB."""
    return shipped(name).read_text(encoding="utf-8")


def serving_programs() -> Path:
    """The package of programs that run inside environments of backends."""
    return _PACKAGE.parent / "modelscan_serving"
