"""Which of the models that no file lays out share a process: those of a backend that serves several in one, and
divides no pool of memory among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelscan import dataclasses
from modelscan.backends.registry import BACKENDS
from modelscan.errors import ModelscanError
from modelscan.model import Candidate, Deployment, Hardware
from modelscan.selecting.context import Context
from modelscan.selecting.entries.applied import wishes_code
from modelscan.selecting.machine import machine
from modelscan.selecting.others import refuse_closed
from modelscan.selecting.plan import plan_resolved
from modelscan.selecting.requests import DeployRequest
from modelscan.selecting.resolve import resolve_request


def grouped(
    context: Context, wanted: Sequence[DeployRequest], found: Sequence[Deployment]
) -> tuple[DeployRequest, ...]:
    """In the order of their first ones; a process that is there keeps its name and its order. By themselves stay those
    that have a deployment of their own, whose code has to be agreed to, or that are unknown, closed, or fit nowhere.
    """
    alone = {item.reference for item in found if not item.models}
    there = {model.reference: item for item in found for model in item.models}
    hardware = machine(context)
    groups: dict[object, list[DeployRequest]] = {}
    for number, request in enumerate(wanted):
        key = None if request.plan.model in alone else _process(context, request, hardware)
        groups.setdefault(number if key is None else key, []).append(request)
    return tuple(_together(group, there) for group in groups.values())


def _together(group: Sequence[DeployRequest], there: Mapping[str, Deployment]) -> DeployRequest:
    known = next((there[request.plan.model] for request in group if request.plan.model in there), None)
    before = [] if known is None else [model.reference for model in known.models]
    order = sorted(group, key=lambda one: before.index(one.plan.model) if one.plan.model in before else len(before))
    first, *others = order
    beside = tuple(request.plan.model for request in others)
    plan = dataclasses.replace(first.plan, beside=beside)
    return dataclasses.replace(first, plan=plan, name=first.name if known is None else known.name)


def _process(context: Context, request: DeployRequest, hardware: Hardware) -> object | None:
    """What its process would have to be like; None where it would serve nothing else."""
    try:
        resolved = resolve_request(context, request.plan)
        if resolved.model is not None:
            refuse_closed(context, resolved.model, request.plan)
        chosen = plan_resolved(context, resolved, request.plan, hardware).plan.chosen
    except ModelscanError:  # said of all that fail, where all are planned
        return None
    if chosen is None or wishes_code(resolved.registered) or _own_class(chosen):
        return None
    backend = BACKENDS[chosen.backend]
    return _alike(chosen) if backend.runs.several and backend.estimates is None else None


def _alike(chosen: Candidate) -> object:
    return chosen.backend, chosen.backend_version, chosen.gpu_indices, chosen.dtype, chosen.extra_args


def _own_class(chosen: Candidate) -> bool:
    """A class of the user's own has to be agreed to by itself."""
    return any('"handler"' in word for word in chosen.model_args)
