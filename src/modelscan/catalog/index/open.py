"""Opening the index: the user's own or the shipped one, with the user's files laid over it."""

from __future__ import annotations

from pathlib import Path

from modelscan.catalog.index.index import Index, open_base
from modelscan.settings.reading import Settings

_SUFFIXES = frozenset({".yaml", ".yml", ".toml"})


def open_index(settings: Settings) -> Index:
    """The best index there is. Raises ModelscanError only when the installation has none."""
    base = open_base(settings.paths.index_file)
    files = local_files(settings)
    if not files:
        return base
    from modelscan.catalog.index.overlay import lay_over  # it reads and merges catalogs, which most searches need not

    overlay, problems = lay_over(base, files)
    return base.with_overlay(overlay, problems)


def local_files(settings: Settings) -> list[Path]:
    """The files there are, `models.local.yaml` first."""
    found = [path for path in (settings.paths.local_models_file,) if path.is_file()]
    for folder in (settings.paths.catalog_folder, *(Path(name).expanduser() for name in settings.catalog.dirs)):
        if folder.is_dir():
            found.extend(sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and path.is_file()))
    return found
