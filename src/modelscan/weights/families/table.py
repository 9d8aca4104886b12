"""Looks up the record of a model type, and adds what is known of its family to a shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from modelscan import dataclasses
from modelscan.dataclasses import dataclass, field
from modelscan.model import STRANGER, Architecture, Family
from modelscan.weights.families.keys import ConfigKeys, Sizes

_TEXT = "_text"  # suffix of the model type of a nested language model: `gemma3_text`


class Known(TypedDict):
    """The fields of a shape that come from its family."""

    family: Family
    vision_family: Family
    sizes: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Families:
    """`records` by model type, `alike` by its prefix; `words` and `letters` are how configs list their layers."""

    records: Mapping[str, Family]
    alike: Mapping[str, Family]
    keys: ConfigKeys
    text: Sizes
    vision: Sizes
    audio: Sizes
    words: Mapping[str, str]
    letters: Mapping[str, str]
    met: dict[str, Family] = field(default_factory=dict)

    def of(self, model_type: object) -> Family:
        """The record of this model type, else of the longest listed prefix, else the default."""
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

    def known(self, model_type: str | None, vision: Mapping[str, Any], details: Mapping[str, Any]) -> Known:
        """What is known of a model type and its vision tower; `details` are the config values that a shape keeps."""
        sizes = self.text.found_in(details) | self.vision.found_in(vision)
        hears = details.get("audio_config")
        if isinstance(hears, Mapping):
            sizes |= self.audio.found_in(hears)
        return {"family": self.of(model_type), "vision_family": self.of(vision.get("model_type")), "sizes": sizes}

    def recognized(self, shape: Architecture) -> Architecture:
        """A stored shape with current family records, which may have changed since."""
        return dataclasses.replace(shape, **self.known(shape.model_type, shape.vision, shape.details))
