"""`deploy`, step by step: model, machine, plan, backend, record, start, route."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Mapping
from typing import Any

from modelscan import dataclasses
from modelscan.backends.arguments.allowed import refuse_secrets
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.deployments.claims import when_idle, with_memory_back
from modelscan.deployments.document import deployment_of
from modelscan.deployments.naming import deployment_name
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.preparing import preparation_stopped
from modelscan.errors import Conflict, NoFit, Usage
from modelscan.model import Candidate, Deployment, Hardware, Installation, ModelInProcess, Pricing
from modelscan.model.events import Ask, Event, Report
from modelscan.model.registered import ENTRY
from modelscan.planning.telling.command import request_words
from modelscan.running.choice import report_choice, report_reading
from modelscan.running.claim import Claimed, claim_record
from modelscan.running.environment import installation_or_leave
from modelscan.running.fetch import wanted_form
from modelscan.running.follow import publish, start_and_follow
from modelscan.running.preflight import (
    agree_to_class,
    check_adapters,
    check_weights,
    refuse_code_without_consent,
    refuse_sleepless,
)
from modelscan.running.prepare import prepare, prepare_there
from modelscan.running.record import new_record, record_there
from modelscan.running.routes import check_routing_file, update_routes
from modelscan.running.shell import shell_note
from modelscan.running.start import start_deployment
from modelscan.running.streaming import weights_environment
from modelscan.selecting.context import Context
from modelscan.selecting.entries.applied import entry_document, wishes_code
from modelscan.selecting.machine import machine
from modelscan.selecting.others import refuse_closed
from modelscan.selecting.plan import Planned, described, faults_beside, no_fit, plan_resolved
from modelscan.selecting.requests import (
    LOOPBACK,
    DeployRequest,
    beside_words,
    difference,
    option_words,
    request_document,
    wording_of,
)
from modelscan.selecting.resolve import resolve_request
from modelscan.selecting.resolved import Resolved
from modelscan.system.deadline import Deadline
from modelscan.targets.registry import HOSTS
from modelscan.targets.target import Hosts, host_in

_AFTER_A_REBOOT = "a reboot ends it; to start it then, add to `crontab -e`: @reboot modelscan start {name}"
_SAID_THERE = frozenset({"model", "backend", "name", "target", "aliases"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """The deployment, and the hosted price of the same model."""

    deployment: Deployment
    hosted_price: Pricing | None = None


def deploy_model(context: Context, wanted: DeployRequest, *, report: Report, ask: Ask) -> Deployed:
    """From a name to a healthy endpoint.

    The same request again changes nothing, or starts what was stopped. Raises NoFit with the plan in its details,
    Conflict with the difference and the way out, BackendNotInstalled, BackendFailed, TimedOut, Interrupted.
    """
    deadline = Deadline(wanted.timeout, context.clock)
    place = wanted.plan.backend if wanted.plan.backend in HOSTS else wanted.target
    target = context.deployments.target(place)
    is_local = target.is_local
    refuse_unsafe(context, wanted)
    check_routing_file(context)
    if (host := host_in(target)) is not None:
        return Deployed(deployment=_deployed_there(context, wanted, place, host, deadline, report))
    with wording_of(wanted).carried(wanted.plan):
        resolved = resolve_request(context, wanted.plan)
        report_reading(resolved, report)
        if resolved.model is not None:
            refuse_closed(context, resolved.model, wanted.plan)
    name = deployment_name(wanted.name, resolved.model_id)
    request = kept_request(wanted, resolved)
    price = resolved.model.pricing if resolved.model else None

    existing = context.deployments.named(name)
    if existing is not None and not difference(existing.spec.request, request) and not wanted.anew:
        return Deployed(deployment=_same_again(context, existing, wanted, report), hosted_price=price)
    if existing is not None and not wanted.replace:
        raise other_request(existing, request, wanted)

    if is_local and (note := shell_note(context.settings.environ, wanted.plan.env)) is not None:
        report(note)
    with contextlib.ExitStack() as stack:
        try:
            with wording_of(wanted).carried(wanted.plan):
                claimed, installation = _claimed(stack, context, resolved, wanted, name, existing, report, ask)
        except (Conflict, NoFit):
            # The same command at the same time: whoever was first has name, port and memory, and the others follow it.
            other = context.deployments.named(name)
            if other is None or other == existing or difference(other.spec.request, request):
                raise
            return Deployed(deployment=_same_again(context, other, wanted, report), hosted_price=price)
        with deadline.interrupting():
            environment = _prepared(context, claimed.record, report, installation) if is_local else {}
        if wanted.on_demand:
            kept = _kept_ready(context, claimed.record)
            update_routes(context)  # the gateway may be asked for it from now on
            return Deployed(deployment=kept, hosted_price=price)
        report(Event("starting", "Starting deployment..."))
        started = context.deployments.start(claimed.record.id, held=claimed.lock, weights_environment=environment)
    deployment = start_and_follow(context, started, wait=wanted.wait, deadline=deadline, report=report)
    if wanted.restart == "always":
        report(Event("note", _AFTER_A_REBOOT.format(name=name)))
    return Deployed(deployment=dataclasses.replace(deployment, changed=True), hosted_price=price)


def _deployed_there(
    context: Context, wanted: DeployRequest, target: str, host: Hosts, deadline: Deadline, report: Report
) -> Deployment:
    """The same of a model that the target's own program has, or fetches."""
    _refuse_what_it_decides(wanted, target)
    names = host.choose(wanted.plan.model)
    name = deployment_name(wanted.name, names[-1])
    request = request_document(wanted, model_id=names[0])
    existing = context.deployments.named(name)
    if existing is not None and not difference(existing.spec.request, request) and not wanted.anew:
        return _same_again(context, existing, wanted, report)
    if existing is not None and not wanted.replace:
        raise other_request(existing, request, wanted)
    record = record_there(wanted, target, names, name, request)
    with contextlib.ExitStack() as stack:
        try:
            claimed = stack.enter_context(claim_record(context, record, port=None, replacing=existing))
        except Conflict:  # the same command at the same time
            other = context.deployments.named(name)
            if other is None or other == existing or difference(other.spec.request, request):
                raise
            return _same_again(context, other, wanted, report)
        with deadline.interrupting():
            prepare_there(context, claimed.record, host, report)
            report(Event("starting", "Starting deployment..."))
            started = context.deployments.start(claimed.record.id, held=claimed.lock)
    followed = start_and_follow(context, started, wait=wanted.wait, deadline=deadline, report=report)
    return dataclasses.replace(followed, changed=True)


def _refuse_what_it_decides(wanted: DeployRequest, target: str) -> None:
    """Raise Usage for options that its program has no ear for: it lays its models out itself."""
    asked = request_document(wanted, model_id="")
    given = {name: value for name, value in asked.items() if name not in _SAID_THERE}
    if given:
        words = [word for word in request_words("", given)[1:] if word.startswith("--")]
        raise Usage(
            f"`--backend {target}` does not take {' '.join(dict.fromkeys(words))}",
            cause=["it loads and serves its models as it is set up itself"],
            hints=[f"modelscan deploy {shlex.quote(wanted.plan.model)} --backend {target}"],
        )


def _kept_ready(context: Context, record: Record) -> Deployment:
    """Everything that a start needs is there, and nothing runs."""
    with Store(context.settings.paths, context.clock) as store:
        kept = store.write(preparation_stopped(store.by_id(record.id), "it starts when it is asked for"))
    return dataclasses.replace(deployment_of(kept), changed=True)


def _prepared(context: Context, record: Record, report: Report, installation: Installation | None) -> Mapping[str, str]:
    """Prepare it on this machine; returns the environment that tells its backend where its weights are."""
    prepared = prepare(context, record, report, installation)
    return weights_environment(context, deployment_of(prepared), report)


def _claimed(
    stack: contextlib.ExitStack,
    context: Context,
    resolved: Resolved,
    wanted: DeployRequest,
    name: str,
    existing: Record | None,
    report: Report,
    ask: Ask,
) -> tuple[Claimed, Installation | None]:
    """Plan and claim what the plan needs; if another command claims the memory first, plan again."""
    request = kept_request(wanted, resolved)
    for last in (False, False, True):
        hardware, planned = planned_beside(context, resolved, wanted, existing)
        chosen = planned.plan.chosen
        own = planned.plan.warnings[len(resolved.warnings) :]  # how the name was read is said already
        for warning in (*own, *faults_beside(planned.plan)):
            report(Event("warning", warning))
        report_choice(hardware, chosen, report)
        if chosen is None:
            raise no_fit(planned.plan)
        wanted.accept(chosen)
        installation = None
        if context.deployments.target(wanted.target).is_local:
            chosen = checked_choice(context, wanted, planned, chosen, ask)
            refuse_sleepless(context, wanted, chosen)
            installation = installation_or_leave(chosen, hardware, planned.installations, ask=ask)
        record = new_record(context, wanted, planned, chosen, installation, name, request)
        try:
            claimed = stack.enter_context(claim_record(context, record, port=wanted.port, replacing=existing))
        except Conflict as conflict:
            if last or conflict.details.get("taken") != "memory":
                raise
            report(Event("note", "another deployment took the memory: planning again"))
        else:
            return claimed, installation
    raise AssertionError("the last try returns or raises")


def planned_beside(
    context: Context, resolved: Resolved, wanted: DeployRequest, existing: Record | None
) -> tuple[Hardware, Planned]:
    """This machine, and the plan on it beside all that lives but `existing`, which it would replace."""
    hardware = machine(context)
    claims = context.deployments.claims(hardware, but=existing)
    if existing is not None:
        hardware = with_memory_back(hardware, context.deployments.observe(existing))
    if wanted.on_demand:  # it starts when there is room, which others may make for it
        hardware, claims = when_idle(hardware), ()
    planned = plan_resolved(
        context, resolved, wanted.plan, hardware, claims=claims, share=wanted.share, beside=beside_words(wanted)
    )
    return hardware, planned


def checked_choice(context: Context, wanted: DeployRequest, planned: Planned, chosen: Candidate, ask: Ask) -> Candidate:
    """The choice, pinned to the commit of its weights, once they passed the preflight checks."""
    weights = check_weights(
        context,
        described(planned, chosen),
        trust_remote_code=wanted.plan.trust_remote_code,
        allow_pickle=wanted.plan.allow_pickle,
        may_download=context.settings.weights.auto_download,
        form=wanted_form(chosen),
        ask=ask,
    )
    check_adapters(context, chosen.adapters, may_download=context.settings.weights.auto_download)
    runs_code = chosen.trust_remote_code
    if not runs_code and wishes_code(planned.resolved.registered) and weights.code_files:
        refuse_code_without_consent(context, weights, planned.resolved.reference)
        runs_code = True
    chosen = dataclasses.replace(chosen, revision=weights.commit or chosen.revision, trust_remote_code=runs_code)
    chosen = _with_own_class(context, wanted, planned, chosen, ask)
    beside = (
        _checked_beside(context, wanted, other, item, ask)
        for other, item in zip(planned.resolved.beside, chosen.beside, strict=True)
    )
    return dataclasses.replace(chosen, beside=tuple(beside))


def _checked_beside(
    context: Context, wanted: DeployRequest, resolved: Resolved, item: ModelInProcess, ask: Ask
) -> ModelInProcess:
    """One more model of the same process, pinned alike. What it may run is what was agreed to before."""
    weights = check_weights(
        context,
        next(one for one in resolved.options if (one.source, one.repo_id) == (item.source, item.repo_id)),
        trust_remote_code=False,
        allow_pickle=wanted.plan.allow_pickle,
        may_download=context.settings.weights.auto_download,
        ask=ask,
    )
    return dataclasses.replace(item, revision=weights.commit or item.revision, location=weights.location)


def _with_own_class(
    context: Context, wanted: DeployRequest, planned: Planned, chosen: Candidate, ask: Ask
) -> Candidate:
    """With where the class of the user's own is found, once they agreed to its file."""
    handling = planned.request.handling
    if handling is None or handling.handler is None:
        return chosen
    root, sha256 = agree_to_class(
        context,
        handling.handler,
        trust=wanted.plan.trust_remote_code,
        reference=planned.resolved.reference,
        ask=ask,
    )
    words = BACKENDS[chosen.backend].runs.words_of_the_class(root, sha256)
    return dataclasses.replace(chosen, model_args=(*chosen.model_args, *words))


def kept_request(wanted: DeployRequest, resolved: Resolved) -> dict[str, Any]:
    """The request as its record keeps it, with what the model's entry says: a changed entry is a difference."""
    kept, said = request_document(wanted, model_id=resolved.asked_for), entry_document(resolved.entry)
    others = {other.model_id: entry_document(other.entry).get(ENTRY) for other in resolved.beside}
    if beside := {model: entry for model, entry in others.items() if entry is not None}:
        said = {ENTRY: {**said.get(ENTRY, {}), "beside": beside}}
    return kept | said


def refuse_unsafe(context: Context, wanted: DeployRequest) -> None:
    """Raise Usage for what would let others in, and for a key that is not set."""
    refuse_secrets(wanted.plan.backend_args)
    if wanted.host not in LOOPBACK:
        raise Usage(
            f"`--host {wanted.host}` would expose the endpoint to the network",
            cause=["a backend's own API key protects only some of its routes, so only loopback addresses are allowed"],
            hints=[
                "the gateway lets others in, with a key: modelscan gateway keys add NAME",
                f"then, without --host here: modelscan gateway restart --host {wanted.host}",
                "a client in a container on this machine reaches 127.0.0.1 too: docker run --network host …",
            ],
        )
    variable = wanted.api_key_env
    if variable is not None and not context.settings.environ.get(variable):
        raise Usage(
            f"the environment variable `{variable}` is not set", hints=[f"export {variable}=$(openssl rand -hex 24)"]
        )


def _same_again(context: Context, existing: Record, wanted: DeployRequest, report: Report) -> Deployment:
    now = deployment_of(context.deployments.observe(existing))
    if now.status == "ready":
        publish(context, report)
        return dataclasses.replace(now, changed=False)
    if now.status in {"stopping", "stopped", "failed"}:
        return start_deployment(context, now.id, timeout=wanted.timeout, wait=wanted.wait, report=report)
    deadline = Deadline(wanted.timeout, context.clock)
    followed = start_and_follow(context, now, wait=wanted.wait, deadline=deadline, report=report)
    return dataclasses.replace(followed, changed=False)


def other_request(existing: Record, request: dict[str, object], wanted: DeployRequest) -> Conflict:
    """The failure of another request under a name that is taken, with the difference."""
    line = " ".join(["modelscan deploy", *option_words(wanted), "--replace"])
    return Conflict(
        f"the deployment `{existing.name}` already exists with different options",
        cause=difference(existing.spec.request, request),
        hints=[line, f"or keep both: --name {existing.name}-2"],
        details={"deployment": existing.id, "difference": difference(existing.spec.request, request)},
    )
