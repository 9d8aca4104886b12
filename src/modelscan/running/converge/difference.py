"""What is to be done so that there are the deployments that are wanted: by comparing requests and records, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from modelscan.model import Deployment
from modelscan.model.results import UpAction
from modelscan.selecting.entries.applied import ENTRY
from modelscan.selecting.requests import DeployRequest, difference, request_document

_RUNS = frozenset({"pending", "pulling", "starting", "ready", "unhealthy"})
_SETTLED = frozenset({"ready", "unhealthy"})

# The id under which a record keeps the model that a request names.
ModelId = Callable[[DeployRequest, Deployment], str]


def compare(wanted: Sequence[DeployRequest], found: Sequence[Deployment], model_id: ModelId) -> tuple[UpAction, ...]:
    """An action for each that is wanted, in that order. `found` are the deployments as they are now."""
    by_name = {item.name: item for item in found}
    return tuple(_action(request, by_name.get(str(request.name)), model_id) for request in wanted)


def left_over(found: Iterable[Deployment], names: Iterable[str]) -> tuple[Deployment, ...]:
    """Those that `up` made and that are not named any more; what others made is never among them."""
    known = frozenset(names)
    return tuple(item for item in found if item.started_by == "up" and item.name not in known)


def removal(item: Deployment, cause: str) -> UpAction:
    return UpAction(name=item.name, action="remove", cause=cause, model=item.model, gpu_indices=item.gpu_indices)


def is_settled(actions: Iterable[UpAction]) -> bool:
    """Whether there is nothing to do, and nothing to wait for."""
    return all(action.action == "keep" and (action.status in _SETTLED or action.on_demand) for action in actions)


def _action(request: DeployRequest, found: Deployment | None, model_id: ModelId) -> UpAction:
    name = str(request.name)
    if found is None:
        return UpAction(
            name=name,
            action="create",
            cause="it is new",
            model=request.plan.model,
            on_demand=request.on_demand,
        )
    document = request_document(request, model_id=model_id(request, found))
    here: Mapping[str, Any] = {
        "name": name,
        "model": found.model,
        "gpu_indices": found.gpu_indices,
        "memory_bytes": found.memory.estimated_bytes,
        "max_model_len": found.max_model_len,
        "quantization": found.quantization,
        "status": found.status,
        "base_url": found.base_url,
        "on_demand": request.on_demand,
    }
    before = {key: value for key, value in found.request.items() if key != ENTRY}  # of the model, not of the file
    if before != document:
        changed = tuple(difference(before, document))
        return UpAction(action="replace", cause="its options differ", difference=changed, **here)
    if found.status in _RUNS:
        return UpAction(action="keep", cause=f"it is {found.status}", **here)
    if request.on_demand:
        return UpAction(action="keep", cause="it starts when it is asked for", **here)
    why = f"it is {found.status}"
    reason = found.last_error if found.status == "failed" else found.message
    return UpAction(action="start", cause=f"{why}: {reason}" if reason else why, **here)
