"""Planning: from the user's request to the decision, without changing anything."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.backends.arguments.folding import fold_arguments
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.deployments.claims import without_claimed
from modelscan.errors import NoFit, Usage
from modelscan.model import (
    Candidate,
    Claim,
    Hardware,
    Installation,
    Model,
    Plan,
    PlanRequest,
    Task,
    WeightsDescription,
)
from modelscan.planning.decide.planner import decide, make_plan
from modelscan.planning.decide.several import Further, with_further
from modelscan.planning.options.eligibility import task_of, task_problem
from modelscan.planning.packing.share import Share, within
from modelscan.planning.packing.ways import Decide
from modelscan.planning.telling.command import Wording
from modelscan.planning.telling.explain import explain
from modelscan.selecting.adapters.found import with_adapters
from modelscan.selecting.context import Context
from modelscan.selecting.entries.applied import as_registered, blamed, entry_warnings
from modelscan.selecting.evidence import measured, planning_facts
from modelscan.selecting.installations import folders_without_backend, installations
from modelscan.selecting.machine import machine
from modelscan.selecting.others import in_another_format, refuse_closed, smaller_models
from modelscan.selecting.resolve import resolve_request
from modelscan.selecting.resolved import Resolved
from modelscan.selecting.words import checked_words
from modelscan.storage.documents import to_document
from modelscan.targets.registry import HOSTS

# What a smaller model would help against.
_TOO_MUCH = frozenset({"no_memory", "no_kernel"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """The plan and its inputs. `request` includes what backend arguments set that are options of ours.

    `idle_folders` says of which folders that were named for backends none was found in.
    """

    plan: Plan
    request: PlanRequest
    resolved: Resolved
    installations: tuple[Installation, ...]
    claims: tuple[Claim, ...] = ()
    idle_folders: tuple[str, ...] = ()

    @property
    def place(self) -> str | None:
        """Where the weights are of a model that no catalog knows."""
        return None if self.resolved.model else self.resolved.asked_for


def plan_model(
    context: Context,
    request: PlanRequest,
    *,
    described_hardware: str | None = None,
    alternatives: int | None = None,
    beside: Sequence[str] = (),
) -> Planned:
    """What fits best, and why. Raises ModelNotFound, ModelAmbiguous, ClosedWeights, SourceUnavailable, Usage.

    A machine that is only described has no installations: the plan is then for the newest supported versions. `beside`
    are options that no plan depends on: the commands of hints keep them.
    """
    if request.backend in HOSTS:
        raise Usage(
            f"there is no plan for `--backend {request.backend}`: it lays its models out itself",
            hints=[f"modelscan deploy {shlex.quote(request.model)} --backend {request.backend}"],
        )
    wording = Wording(reference=request.model, described=described_hardware, beside=tuple(beside))
    with wording.carried(request):
        resolved = resolve_request(context, request, described_hardware)
        if resolved.model is not None:
            refuse_closed(context, resolved.model, request, described_hardware)
        hardware = machine(context, described_hardware)
    claims = () if described_hardware is not None else context.deployments.claims(hardware)
    planned = plan_resolved(
        context, resolved, request, hardware, claims=claims, described=described_hardware, beside=beside
    )
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
    share: Share | None = None,
    beside: Sequence[str] = (),
) -> Planned:
    """The same for weights that are already found and a machine that is already read, or `described`.

    `share` is what of it may be used: it was planned for several deployments together.
    """
    with blamed(resolved):
        wording = Wording(reference=resolved.reference, described=described, beside=tuple(beside))
        return _planned(context, resolved, request, hardware, claims, wording, share)


def _planned(
    context: Context,
    resolved: Resolved,
    request: PlanRequest,
    hardware: Hardware,
    claims: Sequence[Claim],
    wording: Wording,
    share: Share | None,
) -> Planned:
    found: tuple[Installation, ...] = ()
    idle: tuple[str, ...] = ()
    if wording.described is None:
        found = tuple(installations(context))
        idle = folders_without_backend(context, found)
    request = asked_of(context, resolved, request)
    free = without_claimed(hardware, claims)
    if share is not None:
        free = within(free, share)
    plan = make_plan(
        resolved.model,
        resolved.options,
        free,
        request,
        planning_facts(),
        found,
        claims=claims,
        measurements=measured(context, resolved.options),
        wording=wording,
    )
    plan = with_further(plan, _further(context, resolved, found))
    codes = {item.code for item in plan.rejected}
    if plan.chosen is None and (known := resolved.model or resolved.form_of) and codes & _TOO_MUCH:
        hints = _hints(context, known, request, free, found, wording, plan)
        plan = dataclasses.replace(plan, hints=hints)
    # How the name was read belongs to the answer: a script sees no remarks on stderr.
    warnings = (*resolved.warnings, *idle, *entry_warnings(resolved.registered, plan.chosen))
    plan = dataclasses.replace(plan, warnings=warnings, notes=resolved.notes)
    if plan.chosen is not None:
        BACKENDS[plan.chosen.backend].runs.check_arguments(plan.chosen.extra_args, request.env, request.allow_env)
    return Planned(
        plan=plan,
        request=request,
        resolved=resolved,
        installations=found,
        claims=tuple(claims),
        idle_folders=idle,
    )


def asked_of(context: Context, resolved: Resolved, request: PlanRequest) -> PlanRequest:
    """What is asked of the planner: with what the model's entry says, what the name asks for, what arguments of a
    backend set of our options, and what its adapters are. The same again changes nothing.
    """
    request = as_registered(resolved, request)
    request, rest = fold_arguments(request.backend_args, checked_words(request))
    request = checked_words(request)
    if request.task is not None:
        _check_task(resolved, request.task)
    quantization = request.quantization or resolved.quantization
    request = dataclasses.replace(request, backend_args=rest, model=resolved.model_id, quantization=quantization)
    return with_adapters(context, resolved, request)


def _check_task(resolved: Resolved, asked: Task) -> None:
    own = task_of(resolved.model, resolved.options)
    if (problem := task_problem(asked, own, resolved.options)) is not None:
        raise Usage(
            f"`{resolved.reference}` {problem}",
            hints=[f"modelscan catalog list --task {asked} --open"],
            details={"task": own, "asked": asked},
        )


def deciding(context: Context, resolved: Resolved, installed: Sequence[Installation]) -> Decide:
    """The plan for what is asked of these weights, on any machine, again and again: without hints."""
    facts, known = planning_facts(), measured(context, resolved.options)
    further = _further(context, resolved, installed)
    return lambda hardware, asked: with_further(
        decide(resolved.model, resolved.options, hardware, asked, facts, installed, measurements=known), further
    )


def _further(context: Context, resolved: Resolved, installed: Sequence[Installation]) -> tuple[Further, ...]:
    """The models that share its process, each as its own entry has it."""
    return tuple(
        Further(
            other.model_id,
            other.reference,
            deciding(context, other, installed),
            asked_of(context, other, PlanRequest(model=other.reference)),
        )
        for other in resolved.beside
    )


def _hints(
    context: Context,
    model: Model,
    request: PlanRequest,
    free: Hardware,
    found: Sequence[Installation],
    wording: Wording,
    plan: Plan,
) -> tuple[str, ...]:
    """The plan's, with the model itself in another format first; only where that does not fit, smaller ones last."""
    if any(hint.startswith("another quantization") for hint in plan.hints):
        return plan.hints
    if other := in_another_format(context, model, request, free, found, wording):
        return (*other, *plan.hints)
    large = any(item.code == "no_memory" for item in plan.rejected)
    return (*plan.hints, *smaller_models(context, model, request, free, found, wording, too_large=large))


def explained(planned: Planned) -> tuple[str, ...]:
    """The arithmetic of the choice, line by line."""
    return explain(planned.plan, planned.resolved.options, planned.claims)


def faults_beside(plan: Plan) -> tuple[str, ...]:
    """What is wrong with GPUs of this machine and the plan goes on without; not where the CPU was asked for."""
    answered = any(item.code == "gpu_unusable" for item in plan.rejected)  # the refusal says it
    intended = plan.chosen is not None and "no_gpu" in plan.chosen.explicit
    return () if answered or intended else plan.hardware.faults


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


def described(planned: Planned, chosen: Candidate) -> WeightsDescription:
    """What is known of the weights of the chosen candidate."""
    options = planned.resolved.options
    return next(
        (item for item in options if (item.source, item.repo_id) == (chosen.source, chosen.repo_id)), options[0]
    )
