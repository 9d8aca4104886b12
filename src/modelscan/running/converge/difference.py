"""What is to be done so that there are the deployments that are wanted: by comparing requests and records, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from modelscan.model import Deployment
from modelscan.model.registered import ENTRY
from modelscan.model.results import UpAction
from modelscan.selecting.requests import DeployRequest, difference, request_document

_RUNS = frozenset({"pending", "pulling", "starting", "ready", "unhealthy"})
_SETTLED = frozenset({"ready", "unhealthy"})

# What a deployment was asked for, and what is asked of it now.
Documents = Callable[[DeployRequest, Deployment], tuple[Mapping[str, Any], Mapping[str, Any]]]


def compare(wanted: Sequence[DeployRequest], found: Sequence[Deployment], documents: Documents) -> tuple[UpAction, ...]:
    """An action for each that is wanted, in that order. `found` are the deployments as they are now."""
    by_name = {item.name: item for item in found}
    return tuple(_action(request, by_name.get(str(request.name)), documents) for request in wanted)


def as_said(request: DeployRequest, found: Deployment) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """By what users said alone. The same name means the same model as when it was deployed; what another name means,
    and what entries add, is found out by a closer look.
    """
    same = request.plan.model == found.reference
    model_id = str(found.request.get("model")) if same else request.plan.model
    said = {key: value for key, value in found.request.items() if key != ENTRY}
    return said, request_document(request, model_id=model_id)


def left_over(found: Iterable[Deployment], names: Iterable[str]) -> tuple[Deployment, ...]:
    """Those that `up` made and that are not named any more; what others made is never among them."""
    known = frozenset(names)
    return tuple(item for item in found if item.started_by == "up" and item.name not in known)


def removal(item: Deployment, cause: str) -> UpAction:
    return UpAction(name=item.name, action="remove", cause=cause, model=item.model, gpu_indices=item.gpu_indices)


def is_settled(actions: Iterable[UpAction]) -> bool:
    """Whether there is nothing to do, and nothing to wait for."""
    return all(action.action == "keep" and (action.status in _SETTLED or action.on_demand) for action in actions)


def _action(request: DeployRequest, found: Deployment | None, documents: Documents) -> UpAction:
    name = str(request.name)
    if found is None:
        return UpAction(
            name=name,
            action="create",
            cause="it is new",
            model=request.plan.model,
            on_demand=request.on_demand,
        )
    before, now = documents(request, found)
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
    if changed := difference(before, now):
        return UpAction(action="replace", cause="its options differ", difference=tuple(changed), **here)
    if found.status in _RUNS:
        return UpAction(action="keep", cause=f"it is {found.status}", **here)
    if request.on_demand:
        return UpAction(action="keep", cause="it starts when it is asked for", **here)
    why = f"it is {found.status}"
    reason = found.last_error if found.status == "failed" else found.message
    return UpAction(action="start", cause=f"{why}: {reason}" if reason else why, **here)
