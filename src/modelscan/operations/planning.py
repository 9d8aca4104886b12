"""Planning: from what the user typed to the decision, touching nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from modelscan.backends.folding import fold_arguments
from modelscan.backends.registry import BACKENDS
from modelscan.errors import ClosedWeights, NoFit
from modelscan.model import (
    Claim,
    Hardware,
    Installation,
    Measurement,
    Model,
    Plan,
    PlanRequest,
    WeightsDescription,
)
from modelscan.operations.context import Context
from modelscan.operations.machine import machine, standing_claims, without_claimed
from modelscan.operations.resolving import Resolved, resolve_request
from modelscan.planning.command import plan_command
from modelscan.planning.facts import PlanningFacts, load_facts
from modelscan.planning.planner import make_plan
from modelscan.planning.weights import BYTES_PER_PARAMETER
from modelscan.storage.documents import to_document
from modelscan.storage.shipped import shipped_text

_ROOM = 0.8  # of what is free: the rest is for KV cache, activations and overhead
# What a user asks of a machine, whichever model it is for.
_OF_ANY_MODEL = ("backend", "mode", "gpus", "no_gpu", "gpu_count", "max_memory_bytes", "gpu_memory_utilization")


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """The plan, and what was met on the way to it. `request` has what arguments of the backend said as its own."""

    plan: Plan
    request: PlanRequest
    resolved: Resolved
    installations: tuple[Installation, ...]
    claims: tuple[Claim, ...] = ()


def planning_facts() -> PlanningFacts:
    """The shipped tables that the judgement rests on."""
    return load_facts(
        shipped_text("quant_support.csv"),
        shipped_text("gpus.csv"),
        shipped_text("backends.csv"),
        shipped_text("parsers.csv"),
        shipped_text("backend_arguments.csv"),
        shipped_text("argument_translations.csv"),
    )


def plan_model(
    context: Context,
    request: PlanRequest,
    *,
    described_hardware: str | None = None,
    alternatives: int | None = None,
) -> Planned:
    """What fits best, and why. Raises ModelNotFound, ModelAmbiguous, ClosedWeights, SourceUnavailable, Usage.

    A machine that is only described has no installations: the plan is then for the newest supported versions.
    """
    resolved = resolve_request(context, request, described_hardware)
    if resolved.model is not None:
        refuse_closed(resolved.model)
    hardware = machine(context, described_hardware)
    claims = () if described_hardware is not None else standing_claims(context, hardware)
    planned = plan_resolved(context, resolved, request, hardware, claims=claims, described=described_hardware)
    if alternatives is None:
        return planned
    plan = dataclasses.replace(planned.plan, alternatives=planned.plan.alternatives[:alternatives])
    return dataclasses.replace(planned, plan=plan)


def plan_resolved(
    context: Context,
    resolved: Resolved,
    request: PlanRequest,
    hardware: Hardware,
    *,
    claims: Sequence[Claim] = (),
    described: str | None = None,
) -> Planned:
    """The same for weights that are already found and a machine that is already read, or `described`."""
    found: tuple[Installation, ...] = ()
    if described is None:
        from modelscan.operations.backends import installations

        found = tuple(installations(context))
    request, rest = fold_arguments(request.backend_args, request)
    quantization = request.quantization or resolved.quantization
    request = dataclasses.replace(request, backend_args=rest, model=resolved.model_id, quantization=quantization)
    free = without_claimed(hardware, claims)
    plan = make_plan(
        resolved.model,
        resolved.options,
        free,
        request,
        planning_facts(),
        found,
        claims=claims,
        measurements=measured(context, resolved.options),
        reference=resolved.reference,
        described=described,
    )
    too_large = any(rejection.code == "no_memory" for rejection in plan.rejected)
    if plan.chosen is None and too_large and resolved.model is not None:
        plan = dataclasses.replace(
            plan, hints=(*plan.hints, *_smaller(context, resolved.model, request, free, found, described))
        )
    if plan.chosen is not None:
        BACKENDS[plan.chosen.backend].check_arguments(plan.chosen.extra_args, request.env)
    return Planned(plan=plan, request=request, resolved=resolved, installations=found, claims=tuple(claims))


def measured(context: Context, options: Sequence[WeightsDescription]) -> tuple[Measurement, ...]:
    """What earlier starts of these weights took here."""
    from modelscan.deployments.measurements import Measurements

    with Measurements.for_reading(context.settings.paths) as kept:
        return tuple(kept.of(weights.repo_id for weights in options))


def _smaller(
    context: Context,
    model: Model,
    request: PlanRequest,
    hardware: Hardware,
    installed: Sequence[Installation],
    described: str | None,
) -> list[str]:
    """Smaller models of the family that fit, by name; where there are none, how to look for others."""
    from modelscan.catalog.index import open_index
    from modelscan.operations.fitting import judge_for
    from modelscan.operations.siblings import smaller_siblings

    kept = {name: getattr(request, name) for name in _OF_ANY_MODEL}
    asked = PlanRequest(model="", **kept)
    judge = judge_for(context, hardware, asked, installed)
    found = smaller_siblings(model, open_index(context.settings), judge, context.clock)
    named = [
        f"a smaller model that fits: {plan_command(dataclasses.replace(asked, model=sibling.id), described)}"
        for sibling, _ in found
    ]
    return named or [
        f"smaller models: modelscan catalog list --task {model.task} --open --max-params {_billions(hardware)}b"
    ]


def _billions(hardware: Hardware) -> int:
    """Parameters that a machine holds in four bits, with room for the rest."""
    sizes = [gpu.memory_free_bytes or 0 for gpu in hardware.devices] or [hardware.cpu.memory_free_bytes or 0]
    return max(int(sum(sizes) * _ROOM / BYTES_PER_PARAMETER["INT4"]) // 10**9, 1)


def explained(planned: Planned) -> tuple[str, ...]:
    """The arithmetic of the choice, line by line."""
    from modelscan.planning.explain import explain

    return explain(planned.plan, planned.resolved.options, planned.claims)


def refuse_closed(model: Model) -> None:
    """Raise ClosedWeights, naming open models, for one whose weights nobody can have."""
    if model.open_weights is not False or model.weights:
        return
    others = model.open_alternatives
    raise ClosedWeights(
        f"`{model.id}` has closed weights and cannot be deployed",
        cause=[f"only its owner{f', {model.owner},' if model.owner else ''} and hosting partners run it"],
        hints=[f"an open alternative: modelscan plan {other}" for other in others]
        or [f"modelscan catalog search {model.task} --open"],
        details={"model": model.id, "open_alternatives": list(others)},
    )


def refuse_infeasible(plan: Plan) -> None:
    """Raise NoFit, with the arithmetic of the nearest miss, when the plan's answer is no."""
    if not plan.feasible:
        raise no_fit(plan)


def no_fit(plan: Plan) -> NoFit:
    """The failure for a plan without a choice: the reason of the nearest miss; the plan itself is in its details."""
    return NoFit(
        f"`{plan.model}` does not fit this hardware as asked",
        cause=[rejection.reason for rejection in plan.rejected[:1]],
        hints=plan.hints,
        details={"plan": to_document(plan)},
    )
