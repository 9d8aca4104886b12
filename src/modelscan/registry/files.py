"""Where the user's own lists of models are; nothing is read here."""

from __future__ import annotations

from pathlib import Path

from modelscan.settings.reading import Settings

_SUFFIXES = frozenset({".yaml", ".yml", ".toml"})
_LIST = "models.local"
SHIPPED = "shipped:"


def local_files(settings: Settings) -> list[Path]:
    """The files there are, `models.local.yaml` first: the one beside a file of deployments before the user's."""
    near = _list_in(settings.beside) if settings.beside is not None else None
    found = [path for path in (near, settings.paths.local_models_file) if path is not None and path.is_file()]
    for folder in (settings.paths.catalog_folder, *(Path(name).expanduser() for name in settings.catalog.dirs)):
        if folder.is_dir():
            found.extend(sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file()))
    return list(dict.fromkeys(found))


def is_list(path: Path, document: object) -> bool:
    """Whether a document is a list of models in our own form."""
    return path.stem == _LIST or (isinstance(document, dict) and "models" in document)


def placed(written: str, folder: Path) -> str:
    """A path as the user wrote it: absolute, with `~`, or relative to the file that names it; a folder that comes with
    the program stays its name.
    """
    if written.startswith(SHIPPED):
        return written
    try:
        return str((folder / Path(written).expanduser()).resolve())
    except (OSError, RuntimeError):  # no such user, or links that lead to themselves: said when it is used
        return str((folder / written).absolute())


def _list_in(folder: Path) -> Path:
    preferred, other = folder / f"{_LIST}.yaml", folder / f"{_LIST}.yml"
    return other if other.exists() and not preferred.exists() else preferred
