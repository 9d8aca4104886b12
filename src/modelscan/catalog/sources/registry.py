"""The sources that a refresh fetches: a module each, one line here, and its address in `refresh`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from modelscan.catalog.sources import gpustack, models_dev, vllm_recipes
from modelscan.catalog.sources.record import Entry, Last, Parsed


class FetchedSource(Protocol):
    """What a module of a source has."""

    NAME: str
    LICENSE: str

    def fetch(self, addresses: Sequence[str], get: Callable[[str], bytes], last: Last) -> Parsed:
        """All entries there are now. `get` gives the document at an address.

        Raises NotThisFormat, or SourceUnavailable as `get` does.
        """
        ...

    def parse_entries(self, entries: Iterable[Entry]) -> Parsed:
        """The records of entries as an index keeps them."""
        ...

    def count(self, parsed: Parsed) -> int:
        """How many entries of the source its records stand for."""
        ...


FETCHED: dict[str, FetchedSource] = {
    models_dev.NAME: models_dev,
    vllm_recipes.NAME: vllm_recipes,
    gpustack.NAME: gpustack,
}
