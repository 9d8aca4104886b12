"""Carrying out what was planned: what is in the way first, then the starts, the weightiest first.

They start side by side; supervisors see to it that of those on one GPU only one starts at a time. A failure of one does
not stop the others. Whoever is killed in between leaves records that `up` takes on: each deployment is claimed before
it is prepared, and replaced in one step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from modelscan import dataclasses
from modelscan.dataclasses import dataclass, field
from modelscan.errors import Conflict, DeploymentNotFound, Interrupted, ModelscanError
from modelscan.model import Deployment
from modelscan.model.events import Ask, Event, Report
from modelscan.model.results import UpAction
from modelscan.running.converge.together import Together
from modelscan.running.deploy import deploy_model, refuse_unsafe
from modelscan.running.environment import installation_or_leave
from modelscan.running.fetch import wanted_form
from modelscan.running.follow import start_and_follow
from modelscan.running.preflight import check_weights
from modelscan.running.routes import check_routing_file
from modelscan.running.start import start_deployment
from modelscan.running.stop import remove_deployment, stop_deployment
from modelscan.selecting.context import Context
from modelscan.selecting.plan import described, no_fit
from modelscan.selecting.requests import DeployRequest
from modelscan.system.deadline import Deadline

_STARTING = frozenset({"pending", "pulling", "starting"})


def carry_out(
    context: Context, planned: Together, *, report: Report, ask: Ask
) -> tuple[tuple[UpAction, ...], Sequence[ModelscanError]]:
    """The actions with how they ended, and what went wrong. Raises Interrupted; what was starting is then stopped."""
    work = _Work(context=context, planned=planned, report=report)
    todo = {action.name: action.action for action in planned.actions}
    starts = [name for name, word in todo.items() if word == "start"]
    try:
        for name, word in todo.items():
            if word == "remove":
                work.remove(name)
            elif word == "replace" and len(planned.requests) + len(starts) > 1:
                work.stop(name)  # its memory may be what another waits for
            elif word == "keep":
                work.follow_if_starting(name)
        for name in starts:
            work.start(name)
        for request in planned.requests:
            work.deploy(request, ask)
        work.follow_all()
    except (Interrupted, KeyboardInterrupt) as error:
        work.stop_all()
        raise _interrupted(error, planned.again) from error
    return tuple(work.ended(action) for action in planned.actions), tuple(work.failures.values())


@dataclass(slots=True)
class _Work:
    context: Context
    planned: Together
    report: Report
    begun: dict[str, Deadline] = field(default_factory=dict)
    starting: dict[str, Deployment] = field(default_factory=dict)
    failures: dict[str, ModelscanError] = field(default_factory=dict)

    def remove(self, name: str) -> None:
        with self.noting(name), self.unless_removed(name) as deployment_id:
            remove_deployment(self.context, deployment_id, self.report)

    def stop(self, name: str) -> None:
        with self.noting(name), self.unless_removed(name) as deployment_id:
            stop_deployment(self.context, deployment_id, self.report)

    def start(self, name: str) -> None:
        deadline = self._until(name)
        with self.noting(name):
            found = start_deployment(
                self.context, self.planned.ids[name], timeout=deadline.seconds, wait=False, report=self.named(name)
            )
            self._begun(found)

    def deploy(self, request: DeployRequest, ask: Ask) -> None:
        name = str(request.name)
        if name not in self.failures:
            self._until(name)
            with self.noting(name):
                deployed = deploy_model(self.context, request, report=self.named(name), ask=ask)
                self._begun(deployed.deployment)

    def _until(self, name: str) -> Deadline:
        return self.begun.setdefault(name, Deadline(self.planned.timeouts.get(name), self.context.clock))

    def _begun(self, found: Deployment) -> None:
        if found.status in _STARTING:
            self.starting[found.name] = found

    @contextlib.contextmanager
    def unless_removed(self, name: str) -> Iterator[str]:
        """Where another command removes or replaces it at the same time, what was to be done is done."""
        deployment_id = self.planned.ids[name]
        try:
            yield deployment_id
        except Conflict:
            if self.context.deployments.find(deployment_id).removed_at is None:
                raise

    def named(self, name: str) -> Report:
        """Reports with the deployment's name; what the plan has shown already is not said again."""

        def report(event: Event) -> None:
            if event.kind in {"hardware", "choice", "backend", "source"}:
                return
            known = event.message.startswith((f"{name}:", f"{name} "))
            message = event.message if known else f"{name}: {event.message}"
            self.report(Event(event.kind, message, {**event.fields, "name": name}))

        return report

    @contextlib.contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """A failure belongs to this one; an interruption ends all."""
        try:
            yield
        except Interrupted:
            raise
        except ModelscanError as found:
            error = _with_consent(found, self.planned.again)
            self.failures[name] = error
            self.report(Event("warning", f"{name}: {error.message}", {"name": name}))

    def follow_if_starting(self, name: str) -> None:
        self._begun(self.context.deployments.now(self.planned.ids[name]))

    def follow_all(self) -> None:
        for name in list(self.starting):
            self._follow(name)

    def _follow(self, name: str) -> None:
        with self.noting(name):
            deadline = self.begun.get(name) or Deadline(self.planned.timeouts.get(name), self.context.clock)
            start_and_follow(self.context, self.starting[name], wait=True, deadline=deadline, report=self.named(name))
        self.starting.pop(name, None)

    def stop_all(self) -> None:
        """What was begun here and is not ready, also where the interruption came before anybody followed it."""
        for name in self.begun:
            with contextlib.suppress(ModelscanError):
                if self.context.deployments.now(name).status in _STARTING:
                    stop_deployment(self.context, name, self.report)

    def ended(self, action: UpAction) -> UpAction:
        error = self.failures.get(action.name)
        document, now = None, None
        with contextlib.suppress(DeploymentNotFound):
            now = self.context.deployments.now(action.name)
        if error is not None:
            document = {"code": error.code, "message": error.message, "hints": list(error.hints)}
        if now is None:
            return dataclasses.replace(action, error=document)
        is_up = now.is_live and now.removed_at is None
        return dataclasses.replace(action, status=now.status, base_url=now.base_url if is_up else None, error=document)


def _with_consent(error: ModelscanError, again: str) -> ModelscanError:
    """Where code may not run that nobody agreed to: a file is no consent, so that it says how to give it."""
    if "code" not in error.details or "repo_id" not in error.details:
        return error
    hints = [f"modelscan pull {error.details['repo_id']} --trust-remote-code", again]
    return type(error)(error.message, cause=error.cause, hints=hints, details=error.details)


def _interrupted(error: BaseException, again: str) -> Interrupted:
    cause = [error.message] if isinstance(error, Interrupted) else []
    return Interrupted("interrupted: what was ready stays", cause=cause, hints=[again])


def check_before(context: Context, planned: Together, ask: Ask) -> None:
    """What can be found wrong before anything is touched: the routing file, variables of keys, backends, and where
    nothing may be downloaded the weights. Raises as `deploy_model`.
    """
    check_routing_file(context)
    for request in planned.requests:
        refuse_unsafe(context, request)
        plan = planned.plans[str(request.name)]
        chosen = plan.plan.chosen
        if chosen is None:
            raise no_fit(plan.plan)
        installation_or_leave(chosen, plan.plan.hardware, plan.installations, ask=ask)
        if not context.settings.weights.auto_download:
            check_weights(
                context,
                described(plan, chosen),
                trust_remote_code=request.plan.trust_remote_code,
                allow_pickle=request.plan.allow_pickle,
                may_download=False,
                form=wanted_form(chosen),
                ask=ask,
            )
