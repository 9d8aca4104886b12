"""Opening the index: the user's own or the shipped one, with the user's files and registered models laid over it."""

from __future__ import annotations

from modelscan.catalog.index.index import Index, open_base
from modelscan.errors import ModelscanError
from modelscan.registry.files import local_files
from modelscan.registry.store import RegistryStore
from modelscan.settings.reading import Settings


def open_index(settings: Settings) -> Index:
    """The best index there is. Raises ModelscanError only when the installation has none."""
    base = open_base(settings.paths.index_file)
    files = local_files(settings)
    rows, problem = _rows(settings)
    base.left_out = problem
    if not files and not rows:
        return base
    from modelscan.catalog.index.overlay import (
        lay_over,
        registered_in,
    )  # it reads and merges catalogs, which most searches need not

    overlay, problems = lay_over(base, files, registered_in(settings, rows) if rows else ())
    return base.with_overlay(overlay, problems)


def _rows(settings: Settings) -> tuple[frozenset[str], str | None]:
    """The keys of registered models; where the state cannot be read, why they are left out."""
    if not settings.paths.database_file.exists():
        return frozenset(settings.as_if_registered), None
    try:
        with RegistryStore.for_reading(settings.paths) as store:
            return store.keys() | settings.as_if_registered.keys(), None
    except ModelscanError as error:
        return frozenset(), f"registered models are left out: {error.message}"
