"""What shipped shapes say of models: computed once, while the shipped index is built, and kept in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from modelscan.catalog.merging.shapes import SaidByShapes, question, said_by
from modelscan.catalog.sources.record import Attached
from modelscan.model import Model
from modelscan.weights.families.records import read_families
from modelscan.weights.families.table import Families

SHAPES = "shapes"
"""The source under which an index keeps them."""


class Shapes:
    """Answers for a model. `read` gives a shipped text by its name, `kept` are entries of an index built before."""

    def __init__(self, read: Callable[[str], str], kept: Iterable[tuple[str, str]] = ()) -> None:
        self._read = read
        self._kept = dict(kept)
        self._computed: dict[str, SaidByShapes] = {}

    def __call__(self, model: Model) -> SaidByShapes:
        asked = question(model)
        if (kept := self._kept.get(asked)) is not None:
            context, sizes = json.loads(kept)
            return SaidByShapes(context, tuple(sizes))
        if asked not in self._computed:
            self._computed[asked] = said_by(model, self._text, self._families)
        return self._computed[asked]

    def attached(self) -> Iterator[Attached]:
        """What was computed, as an index keeps it."""
        for asked, said in self._computed.items():
            yield Attached(SHAPES, asked, json.dumps(said, separators=(",", ":")))

    @cached_property
    def _text(self) -> str:
        return self._read("architectures.json")

    @cached_property
    def _families(self) -> Families:
        return read_families(self._read("families.toml"))
