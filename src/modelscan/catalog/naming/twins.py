"""Notes on weights before and after tuning that have nearly one name (pure)."""

from __future__ import annotations

from modelscan.catalog.naming import names
from modelscan.catalog.naming.asked import Asked
from modelscan.catalog.naming.lookup import Lookup
from modelscan.catalog.naming.matching import Rung
from modelscan.model import Model


def tuned_twin(asked: Asked, model: Model, index: Lookup) -> tuple[str, ...]:
    """The tuned model where a name is exactly that of the weights before tuning, which few people mean by it."""
    if model.task != "completion" or "base" in asked.parts:
        return ()
    found = index.on_rung(Rung.PLAIN, names.plain_key(asked.parts))
    return tuple(f"{model.id} is a base model; tuned for chat it is {name}" for name in found if name != model.id)


def untuned_twin(asked: Asked, model: Model, index: Lookup) -> tuple[str, ...]:
    """Weights before tuning that have the very name, which people hardly ever mean by it."""
    if asked.repo or ":" in asked.text or model.task == "completion":
        return ()
    base = index.on_rung(Rung.WORDS, " ".join((*asked.parts, "base")))
    return tuple(f"the base model has the same name: {name}" for name in base if name != model.id)
