"""Which models fit this machine: the planner's own answer, for no more models than are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from modelscan import dataclasses
from modelscan.deployments.claims import without_claimed
from modelscan.errors import ModelscanError
from modelscan.model import Fits, Hardware, Installation, Model, PlanRequest
from modelscan.planning.decide.planner import decide
from modelscan.selecting.context import Context
from modelscan.selecting.evidence import measured, planning_facts
from modelscan.selecting.installations import installations
from modelscan.selecting.known_here import resolve_offline
from modelscan.selecting.machine import machine

PLANNED_FOR_EACH_SHOWN = 5
CLOSED = "its weights are closed"
_NOT_LISTED = "no source lists its weights"
_NOT_DESCRIBED = "the architecture of its weights is unknown on this machine"
UNJUDGED = frozenset({_NOT_LISTED, _NOT_DESCRIBED})
"""Reasons that say nothing of whether a model fits."""
_SMALLEST_BYTES = 0.45  # per parameter: 4-bit weights, and no catalog lists smaller official ones


def fitting(
    context: Context, models: Iterable[Model], *, limit: int, described_hardware: str | None = None
) -> Iterator[Model]:
    """The models that fit, each with how; ends after `limit`, and after five times as many were planned."""
    judge = judging(context, described_hardware)
    shown = 0
    for planned, model in enumerate(models):
        if shown == limit or planned == limit * PLANNED_FOR_EACH_SHOWN:
            return
        fits = judge(model)
        if fits.feasible:
            shown += 1
            yield dataclasses.replace(model, fits=fits)


def judging(
    context: Context, described_hardware: str | None = None, request: PlanRequest | None = None
) -> Callable[[Model], Fits]:
    """What tells of a model whether it fits, with what is asked of any; the machine, what lives on it and the tables
    are read once.

    On a machine that is only described nothing lives and nothing is installed.
    """
    hardware = machine(context, described_hardware)
    asked = request or PlanRequest(model="")
    if described_hardware is not None:
        return judge_for(context, hardware, asked, ())
    free = without_claimed(hardware, context.deployments.claims(hardware))
    return judge_for(context, free, asked, tuple(installations(context)))


def judge_for(
    context: Context, hardware: Hardware, request: PlanRequest, installed: Sequence[Installation]
) -> Callable[[Model], Fits]:
    """The same for a machine that is read already, and for what is asked of every model."""
    facts, most = planning_facts(), _memory(hardware)

    def judge(model: Model) -> Fits:
        if not model.weights:
            closed = model.open_weights is False
            return Fits(feasible=False, reason=CLOSED if closed else _NOT_LISTED)
        if most is not None and model.parameters and model.parameters * _SMALLEST_BYTES > most:
            return Fits(feasible=False, reason="even 4-bit weights are larger than this machine's memory")
        asked = dataclasses.replace(request, model=model.id)
        try:
            options = resolve_offline(context, model, request.source).options
            if all(item.architecture is None for item in options):  # `plan` asks the hub, and may find that it fits
                return Fits(feasible=False, reason=_NOT_DESCRIBED)
            known = measured(context, options)
            plan = decide(model, options, hardware, asked, facts, installed, measurements=known)
        except ModelscanError as error:
            return Fits(feasible=False, reason=error.message)
        if plan.chosen is None:
            reason = plan.rejected[0].reason if plan.rejected else "nothing is known about its architecture"
            return Fits(feasible=False, reason=reason)
        chosen = plan.chosen
        return Fits(
            feasible=True,
            quantization=chosen.quantization,
            backend=chosen.backend,
            max_model_len=chosen.max_model_len,
        )

    return judge


def _memory(hardware: Hardware) -> int | None:
    """All memory that weights could lie in, GPUs' and the host's together; None where a figure is unknown."""
    sizes = [device.memory_usable_bytes or device.memory_total_bytes for device in hardware.devices]
    sizes.append(hardware.cpu.memory_total_bytes)
    return None if None in sizes else sum(size or 0 for size in sizes)
