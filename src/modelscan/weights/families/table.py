"""Finding the record of a model type, and giving a shape what its family is known for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from modelscan.model import STRANGER, Architecture, Family
from modelscan.weights.families.keys import ConfigKeys, Spellings, sizes_in

_TEXT = "_text"  # what a language model inside another calls its model type: `gemma3_text`


@dataclass(frozen=True, kw_only=True, slots=True)
class Families:
    """`records` by model type, `alike` by its beginning; `words` and `letters` by which configs list their layers."""

    records: Mapping[str, Family]
    alike: Mapping[str, Family]
    keys: ConfigKeys
    text_sizes: Mapping[str, Spellings]
    vision_sizes: Mapping[str, Spellings]
    audio_sizes: Mapping[str, Spellings]
    words: Mapping[str, str]
    letters: Mapping[str, str]
    met: dict[str, Family] = field(default_factory=dict, repr=False, compare=False)

    @property
    def text_spellings(self) -> Iterator[str]:
        """All keys of the language model that `text_sizes` lists."""
        return chain.from_iterable(self.text_sizes.values())

    def of(self, model_type: object) -> Family:
        """The record of this model type, else that of the longest beginning that is listed, else a stranger's."""
        name = model_type if isinstance(model_type, str) else ""
        if name not in self.met:
            self.met[name] = self._find(name)
        return self.met[name]

    def _find(self, name: str) -> Family:
        exact = self.records.get(name) or self.records.get(name.removesuffix(_TEXT))
        if exact is not None:
            return exact
        beginnings = [start for start in self.alike if name.startswith(start)]
        return self.alike[max(beginnings, key=len)] if beginnings else STRANGER

    def recognized(self, shape: Architecture) -> Architecture:
        """The shape with its family, its tower's, and the sizes in what it has of its config.

        Told again of every shape that was kept: a record may have changed since.
        """
        hears = shape.details.get("audio_config")
        return dataclasses.replace(
            shape,
            family=self.of(shape.model_type),
            vision_family=self.of(shape.vision.get("model_type")),
            sizes=sizes_in(shape.details, self.text_sizes)
            | sizes_in(shape.vision, self.vision_sizes)
            | sizes_in(hears if isinstance(hears, Mapping) else {}, self.audio_sizes),
        )
