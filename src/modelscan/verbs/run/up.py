"""What a file wants, brought about: what is there already is seen without loading what plans and deploys."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.deployments.naming import deployment_name
from modelscan.errors import ModelNotFound, ModelscanError, Usage
from modelscan.model import Deployment, PlanRequest
from modelscan.model.events import Ask, Event, Report
from modelscan.model.registered import ENTRY
from modelscan.model.results import Up, UpAction
from modelscan.registry.changed import Glance, at_a_glance
from modelscan.running.converge.difference import as_said, compare, is_settled, left_over, removal
from modelscan.running.gateway.standing import gateway_stands
from modelscan.selecting.context import Context
from modelscan.selecting.declared.file import FILE_NAMES, Declared, file_in, read_declared
from modelscan.selecting.requests import DeployRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """What is wanted and what there is. `unnamed` are those that `up` made and that the file does not name any more."""

    declared: Declared
    wanted: tuple[DeployRequest, ...]
    found: tuple[Deployment, ...]
    gone: tuple[UpAction, ...]
    unnamed: tuple[str, ...]
    glance: Glance
    gateway_stands: bool

    @property
    def file(self) -> str | None:
        return None if self.declared.path is None else str(self.declared.path)

    @property
    def command(self) -> str:
        """To do the same again."""
        is_usual = self.file is None or self.file in FILE_NAMES
        return "modelscan up" if is_usual else f"modelscan up {shlex.quote(str(self.file))}"

    @property
    def of_entries(self) -> bool:
        """Whether neither a file nor MODELS says what is wanted, so that entries of the registry do."""
        return self.declared.path is None and not self.declared.requests

    def _may_differ(self, found: Deployment | None) -> bool:
        """Whether an entry may say something else of its model by now."""
        if found is None:
            return False
        changed_at = self.glance.changed_at
        if changed_at is None:
            return ENTRY in found.request
        return changed_at >= (found.created_at or "")

    @property
    def settled(self) -> Up | None:
        """The result where there is nothing to do; None where there is, or where only a closer look can tell."""
        if self.of_entries or self.glance.pulls or any(request.name is None for request in self.wanted):
            return None
        if not self.gateway_stands:
            return None
        by_name = {item.name: item for item in self.found}
        if any(self._may_differ(by_name.get(str(request.name))) for request in self.wanted):
            return None
        actions = (*compare(self.wanted, self.found, as_said), *self.gone)
        return Up(file=self.file, actions=actions, changed=False) if is_settled(actions) else None


def observe(context: Context, file: Path | None, *, folder: Path, prune: bool) -> Observed:
    """Read the file, given or in the folder, and look at the deployments.

    Raises Usage and ConfigInvalid for the file, ModelNotFound for names in MODELS that it does not have.
    """
    declared = wanted_in(context, file, folder=folder)
    found = tuple(context.deployments.list())
    unnamed = left_over(found, (str(request.name) for request in declared.requests)) if declared.path else ()
    cause = f"`{declared.path}` does not name it any more"
    return Observed(
        declared=declared,
        wanted=_selected(context, declared, found),
        found=found,
        gone=tuple(removal(item, cause) for item in unnamed) if prune else (),
        unnamed=tuple(item.name for item in unnamed),
        glance=at_a_glance(context.settings),
        gateway_stands=declared.gateway is None or gateway_stands(context, declared.gateway),
    )


def beside(context: Context, file: Path | None, *, folder: Path) -> Context:
    """With the lists of models that lie beside the file."""
    path = file or file_in(folder)
    if path is None:
        return context
    settings = dataclasses.replace(context.settings, beside=path.parent.absolute())
    return dataclasses.replace(context, settings=settings)


def wanted_in(context: Context, file: Path | None, *, folder: Path) -> Declared:
    """The file, given or in the folder; without one, a deployment for each of MODELS, which may be none."""
    path = file or file_in(folder)
    if path is not None:
        return read_declared(path)
    models = context.settings.weights.models
    return Declared(path=None, requests=tuple(DeployRequest(plan=PlanRequest(model=model)) for model in models))


def bring_up(
    context: Context,
    observed: Observed,
    *,
    agreed: Callable[[Up], bool],
    report: Report,
    ask: Ask,
) -> tuple[Up, Sequence[ModelscanError]]:
    """Plan all of it, and carry that out once it is `agreed` to; and what went wrong with single ones.

    Raises NoFit with the whole plan, and what else planning and `deploy_model` raise before anything is touched;
    Interrupted.
    """
    from modelscan.running.converge import (  # and with them all that plans and deploys
        executing,
        gateway,
        grouping,
        registered,
        together,
    )

    wanted = observed.wanted
    if observed.of_entries:
        wanted = tuple(_as_deployed(request, observed.found) for request in registered.prewarmed(context))
        if not wanted:
            raise _nothing_wanted()
    if observed.declared.path is None:
        wanted = grouping.grouped(context, wanted, observed.found)
    planned = together.plan_together(context, wanted, observed.found, observed.gone)
    planned = dataclasses.replace(planned, again=observed.command)
    changed = not observed.gateway_stands or any(action.action != "keep" for action in planned.actions)
    plan = Up(file=observed.file, actions=planned.actions, changed=changed)
    once = _asking_once(ask)
    if not agreed(plan):
        return plan, ()
    executing.check_before(context, planned, once)
    actions, failures = executing.carry_out(context, planned, report=report, ask=once)
    if observed.declared.gateway is not None and not observed.gateway_stands:
        address = gateway.bring_up_gateway(context, observed.declared.gateway)
        report(Event("note", f"gateway at {address}"))
    registered.pull_registered(context, report=report, ask=once)
    return Up(file=observed.file, actions=actions, changed=changed), failures


def _nothing_wanted() -> Usage:
    return Usage(
        f"there is no {FILE_NAMES[0]} in this folder",
        cause=["MODELS is not set, and no registered model says `prewarm`"],
        hints=["modelscan up FILE", "or without a file: MODELS=demo modelscan up", "modelscan help up"],
    )


def _asking_once(ask: Ask) -> Ask:
    """What was answered for one deployment holds for the others."""
    answers: dict[str, bool | None] = {}

    def once(question: str, /, *, default: bool = True) -> bool | None:
        if question not in answers:
            answers[question] = ask(question, default=default)
        return answers[question]

    return once


def _selected(context: Context, declared: Declared, found: Sequence[Deployment]) -> tuple[DeployRequest, ...]:
    """Of a file those in MODELS, by their name or their model; all where it is not set."""
    models = context.settings.weights.models
    if declared.path is None:
        return tuple(_as_deployed(request, found) for request in declared.requests)
    if not models:
        return declared.requests
    known = {word for request in declared.requests for word in (str(request.name), request.plan.model)}
    unknown = [model for model in models if model not in known]
    if unknown:
        names = f"it has {', '.join(f'`{request.name}`' for request in declared.requests)}"
        near = {match: None for word in unknown for match in get_close_matches(word, sorted(known), n=1)}
        raise ModelNotFound(
            f"`{declared.path}` has no deployment {', '.join(f'`{word}`' for word in unknown)}, which MODELS names",
            hints=[f"did you mean {' or '.join(f'`{word}`' for word in near)}?"] if near else [names],
            details={"unknown": unknown},
        )
    return tuple(request for request in declared.requests if {str(request.name), request.plan.model} & {*models})


def _as_deployed(request: DeployRequest, found: Sequence[Deployment]) -> DeployRequest:
    """With the name that this model has where it was deployed before, in the same words and without another name."""
    same = (item for item in found if item.reference == request.plan.model)
    name = next((item.name for item in same if item.name == deployment_name(None, item.model)), None)
    return dataclasses.replace(request, name=name)
