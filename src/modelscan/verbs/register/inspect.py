"""`model inspect`."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model.registered import RegisteredModel
from modelscan.registry.layers import Layer
from modelscan.selecting.context import Context
from modelscan.selecting.entries.find import find_registered
from modelscan.selecting.entries.upstream import Upstreams


@dataclass(frozen=True, slots=True)
class InspectedModel:
    """A model, and who says what of it, the strongest first."""

    model: RegisteredModel
    layers: tuple[Layer, ...]


def inspect_model(context: Context, reference: str) -> InspectedModel:
    """Raises ModelNotFound, with near ids."""
    found = find_registered(context, reference)
    return InspectedModel(Upstreams(context).completed(found.model), found.layers)
