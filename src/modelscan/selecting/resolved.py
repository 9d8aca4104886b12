"""The result of resolving a name: the model, and its weights to choose from."""

from __future__ import annotations

from pathlib import Path

from modelscan.dataclasses import dataclass
from modelscan.model import HUB_SOURCES, Model, WeightsDescription
from modelscan.model.registered import RegisteredModel
from modelscan.registry.layers import LayeredModel


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """`model` is None for a folder, a place in S3 or a repo that no catalog knows; `options` are the weights, best
    first.

    `quantization` is one that the name itself asked for, as in `…-AWQ`. `entry` is what is said of it, where
    somebody registered it or our own list has it. `form_of` is the model that a repo of no catalog is a form of, by its
    name. `beside` are further models for the same process.
    """

    reference: str
    model_id: str
    model: Model | None
    options: tuple[WeightsDescription, ...]
    quantization: str | None = None
    entry: LayeredModel | None = None
    form_of: Model | None = None
    beside: tuple[Resolved, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def registered(self) -> RegisteredModel | None:
        """What all that is said of it comes to."""
        return None if self.entry is None else self.entry.model

    @property
    def asked_for(self) -> str:
        """What the same request is told by: of a place the whole of it, as others may end alike; else the id."""
        place = self.options[0] if self.model is None and self.options else None
        if place is None or place.source in HUB_SOURCES:
            return self.model_id
        return place.location if place.source == "s3" else str(Path(place.location).resolve())
