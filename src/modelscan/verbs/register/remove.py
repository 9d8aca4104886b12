"""`model remove`."""

from __future__ import annotations

import shlex
from typing import Literal

from modelscan.dataclasses import dataclass
from modelscan.errors import Conflict, StateDamaged
from modelscan.registry.layers import LayeredModel
from modelscan.registry.store import RegistryStore
from modelscan.running.routes import update_upstreams
from modelscan.selecting.context import Context
from modelscan.selecting.entries.find import find_registered


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovedModel:
    """`returns`: what has it again, the next seeding or a file; None where nothing does. `note` says that to people."""

    id: str
    removed: bool = True
    returns: Literal["seed", "file"] | None = None
    note: str | None = None


def remove_model(context: Context, reference: str) -> RemovedModel:
    """Remove what seeds and the user said of a model. Raises ModelNotFound, Conflict for what only a file says."""
    try:
        found = find_registered(context, reference)
    except StateDamaged as error:
        if error.details.get("id") != reference:
            raise
        with RegistryStore(context.settings.paths, context.clock) as store:
            store.forget(reference)
        return RemovedModel(id=reference)
    model = found.model
    if found.layer("user") is None and found.layer("seed") is None:
        place = next(layer.place for layer in found.layers)
        where = "our own list" if model.built_in else f"`{place}`"
        raise Conflict(
            f"`{model.id}` is from {where}, and is not removed here",
            hints=[
                f"modelscan model disable {shlex.quote(model.id)}",
                *([] if model.built_in else [f"or edit {place}"]),
            ],
            details={"id": model.id},
        )
    with RegistryStore(context.settings.paths, context.clock) as store:
        store.forget(model.id)
    update_upstreams(context, model)
    return _removed(found)


def _removed(found: LayeredModel) -> RemovedModel:
    model_id = found.model.id
    if found.layer("seed") is not None:
        off = f"modelscan model disable {shlex.quote(model_id)}"
        note = f"it returns at the next seeding while its variable is set; to keep it off: {off}"
        return RemovedModel(id=model_id, returns="seed", note=note)
    if (layer := found.layer("local") or found.layer("models.yaml")) is not None:
        return RemovedModel(id=model_id, returns="file", note=f"what {layer.place} says of it counts again")
    return RemovedModel(id=model_id)
