"""Opening the index: the user's own or the shipped one, with the user's files laid over it."""

from __future__ import annotations

from modelscan.catalog.index.index import Index, open_base
from modelscan.catalog.index.overlay import lay_over, local_files
from modelscan.settings.reading import Settings


def open_index(settings: Settings) -> Index:
    """The best index there is. Raises ModelscanError only when the installation has none."""
    base = open_base(settings.paths.index_file)
    files = local_files(settings)
    if not files:
        return base
    overlay, problems = lay_over(base, files)
    return base.with_overlay(overlay, problems)
