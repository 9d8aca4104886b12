"""A model of the Playground API deleted, with all that belongs to it."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.playground.locks import commanding_model
from modelscan.playground.store import PlaygroundStore
from modelscan.playground.transitions import deleted
from modelscan.running.playground.ending import clear
from modelscan.selecting.context import Context
from modelscan.system.clock import rfc3339


@dataclass(frozen=True, kw_only=True, slots=True)
class DeletedModel:
    """`warning` says what of its weights is left, where they were to go and did not."""

    id: str
    warning: str | None = None


def delete_model(context: Context, model_id: str, *, purge: bool = False) -> DeletedModel:
    """First it is gone for clients, then everything of it goes: what is killed in between is taken up again.

    Its weights stay, unless they are to be purged. Raises ModelNotFound, and what ending a deployment raises.
    """
    paths = context.settings.paths
    with PlaygroundStore.for_reading(paths, context.clock) as store:
        store.kept(model_id)  # before a lock is made for it
    with commanding_model(paths, model_id, context.clock):
        with PlaygroundStore(paths, context.clock) as store:
            at = rfc3339(context.clock.now())
            model = store.change(model_id, lambda row: deleted(row, at, purge=purge))
        return DeletedModel(id=model_id, warning=clear(context, model))
