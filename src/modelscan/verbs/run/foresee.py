"""What `deploy` would do, and what of it can be refused before anything is begun."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.dataclasses import dataclass
from modelscan.deployments.naming import deployment_name
from modelscan.errors import BackendNotInstalled, ModelscanError, Usage
from modelscan.model import Plan
from modelscan.model.events import Ask
from modelscan.running.deploy import checked_choice, kept_request, other_request, planned_beside, refuse_unsafe
from modelscan.running.environment import installation_or_leave
from modelscan.selecting.command import with_command
from modelscan.selecting.context import Context
from modelscan.selecting.others import refuse_closed
from modelscan.selecting.plan import refuse_infeasible
from modelscan.selecting.requests import DeployRequest, difference, wording_of
from modelscan.selecting.resolve import resolve_request
from modelscan.targets.registry import HOSTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Foreseen:
    """`plan` is None where a program of the user's own lays its models out itself, as Ollama does."""

    name: str
    plan: Plan | None


def foresee_deployment(context: Context, wanted: DeployRequest, *, ask: Ask, plan_only: bool = False) -> Foreseen:
    """The name and the plan of what would be deployed; nothing is fetched, and only what `ask` agrees to is kept.

    Raises what `deploy_model` raises before it prepares anything: NoFit with the plan in its details, Conflict with the
    difference, BackendNotInstalled without the leave to install it, ClosedWeights, ModelNotFound, Gated, Usage for code
    that nobody agreed to. With `plan_only` weights and backend are not looked at.
    """
    if wanted.plan.backend in HOSTS:
        refuse_unsafe(context, wanted)
        return Foreseen(name=deployment_name(wanted.name, wanted.plan.model), plan=None)
    with wording_of(wanted).carried(wanted.plan):
        resolved = resolve_request(context, wanted.plan)
        if resolved.model is not None:
            refuse_closed(context, resolved.model, wanted.plan)
        refuse_unsafe(context, wanted)
        name = deployment_name(wanted.name, resolved.model_id)
        existing = context.deployments.named(name)
        if existing is not None and not wanted.replace:
            request = kept_request(wanted, resolved)
            if difference(existing.spec.request, request):
                raise other_request(existing, request, wanted)
        hardware, planned = planned_beside(context, resolved, wanted, existing)
        refuse_infeasible(planned.plan)
        chosen = planned.plan.chosen
        if chosen is not None and not plan_only and context.deployments.target(wanted.target).is_local:
            _refuse_together(
                lambda: checked_choice(context, wanted, planned, chosen, ask),
                lambda: installation_or_leave(chosen, hardware, planned.installations, ask=ask),
            )
    return Foreseen(name=name, plan=with_command(context, planned, wanted))


def _refuse_together(*checks: Callable[[], object]) -> None:
    """One yes answers every question, so whoever is to say it is told all of them."""
    refusals: list[ModelscanError] = []
    for check in checks:
        try:
            check()
        except (Usage, BackendNotInstalled) as refusal:
            refusals.append(refusal)
    if refusals:
        first, *others = refusals
        first.cause = (*first.cause, *(other.message for other in others))
        first.hints = (*first.hints, *(hint for other in others for hint in other.hints))
        raise first
