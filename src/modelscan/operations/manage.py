"""What is running: seen as it is now, started, stopped, removed."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

from modelscan.deployments.observe import observe
from modelscan.deployments.store import Store
from modelscan.errors import BackendFailed, BackendNotInstalled, DeploymentNotFound, InterruptedBefore
from modelscan.model import LIVE_STATUSES, Deployment
from modelscan.operations.context import Context
from modelscan.operations.events import Event, Report, silent


def list_deployments(
    context: Context, *, status: str | None = None, removed: bool = False, live_only: bool = False
) -> list[Deployment]:
    """Every deployment that is not removed, checked against lock and processes now."""
    with Store.for_reading(context.settings.paths, context.clock) as store:
        records = store.list(include_removed=removed)
    seen = [observe(record, settings=context.settings, clock=context.clock) for record in records]
    return [
        item
        for item in seen
        if (status is None or item.status == status) and (not live_only or item.status in LIVE_STATUSES)
    ]


def live_names(context: Context) -> list[str]:
    """Of all that are not known to be over: also where the supervisor was killed, which may have left something."""
    with Store.for_reading(context.settings.paths, context.clock) as store:
        return [item.name for item in store.list() if item.status in LIVE_STATUSES]


def deployment_status(context: Context, reference: str) -> Deployment:
    """One deployment as it is now; a removed one that had this name is still known. Raises DeploymentNotFound."""
    return observe(find_deployment(context, reference), settings=context.settings, clock=context.clock)


def find_deployment(context: Context, reference: str) -> Deployment:
    """The record as it was written last; a removed one that had this name is still known. Raises DeploymentNotFound."""
    with Store.for_reading(context.settings.paths, context.clock) as store:
        try:
            return store.get(reference)
        except DeploymentNotFound:
            known = store.known_removed(reference)
            if known is None:
                raise
            return known


def _find_present(context: Context, reference: str) -> Deployment:
    found = find_deployment(context, reference)
    if found.removed_at is not None:
        raise DeploymentNotFound(
            f"the deployment `{found.name}` was removed at {found.removed_at}",
            hints=[f"modelscan deploy {found.model} --name {found.name}"],
            details={"id": found.id},
        )
    return found


def not_ready(deployment: Deployment) -> BackendFailed:
    """For callers that need a ready one."""
    name = deployment.name
    word = "removed" if deployment.removed_at else deployment.status
    hints = {
        "stopped": [f"modelscan start {name}"],
        "failed": [f"modelscan logs {name} --tail 50", f"modelscan start {name}"],
        "removed": [f"modelscan deploy {deployment.model}"],
    }.get(word, [f"modelscan wait {name}"])
    return BackendFailed(
        f"`{name}` is not ready: it is {word}",
        cause=[deployment.message] if deployment.message else [],
        hints=hints,
        details={"status": deployment.status},
    )


def wait_for(
    context: Context,
    reference: str,
    until: Literal["ready", "stopped"],
    timeout: float | None,
    report: Report = silent,
) -> Deployment:
    """Wait until it is ready, or stopped. Raises BackendFailed, TimedOut, DeploymentNotFound."""
    from modelscan.deployments import waiting
    from modelscan.operations.starting import publish

    found = _find_present(context, reference)
    done = waiting.wait(found, settings=context.settings, clock=context.clock, until=until, timeout=timeout)
    publish(context, report)
    return done


def start_deployment(
    context: Context,
    reference: str,
    *,
    timeout: float | None = None,
    wait: bool = True,
    report: Report = silent,
) -> Deployment:
    """Replay the pinned plan: the same weights, backend and arguments. One that runs is left as it is.

    Raises BackendNotInstalled, Conflict (memory or port taken), BackendFailed, TimedOut, Interrupted.
    """
    from modelscan.deployments import control
    from modelscan.operations.preparing import prepare
    from modelscan.operations.recording import claim_again
    from modelscan.operations.starting import start_and_follow
    from modelscan.operations.streaming import environment_of_place

    found = deployment_status(context, _find_present(context, reference).id)
    if found.status == "ready":
        return dataclasses.replace(found, changed=False)
    if found.status in {"stopped", "failed"}:
        _check_replay(found)
        place = environment_of_place(context, found, report)
        with claim_again(context, found) as claimed:
            found = claimed.deployment
            if not found.argv:
                found = prepare(context, found, report)
            report(Event("starting", "Starting deployment..."))
            found = control.start(
                found, settings=context.settings, clock=context.clock, held=claimed.lock, place_environment=place
            )
    started = start_and_follow(context, found, wait=wait, timeout=timeout, report=report)
    return dataclasses.replace(started, changed=True)


def _check_replay(found: Deployment) -> None:
    """Raise before anything is started when the plan cannot be replayed here and now."""
    if not found.argv:
        if found.plan:
            return  # its preparation was interrupted, and is resumed
        raise InterruptedBefore(
            f"`{found.name}` was never prepared to the end",
            hints=[f"modelscan remove {found.name}", f"modelscan deploy {found.model} --name {found.name}"],
            details={"id": found.id},
        )
    if found.program is None or not Path(found.program).exists():
        raise BackendNotInstalled(
            f"the backend of `{found.name}` is gone: `{found.program}`",
            hints=[f"modelscan backend install {found.backend} --version {found.backend_version}"],
            details={"backend": found.backend, "version": found.backend_version},
        )
    if found.location is not None and found.location.startswith("/") and not Path(found.location).exists():
        raise BackendFailed(
            f"the weights of `{found.name}` are gone: `{found.location}`",
            hints=[f"modelscan remove {found.name}", f"modelscan deploy {found.model} --name {found.name}"],
        )


def stop_deployment(context: Context, reference: str, report: Report = silent) -> Deployment:
    """End the whole process tree and keep the record; one that is over already is left as it is."""
    from modelscan.deployments import control
    from modelscan.operations.machine import memory_is_back
    from modelscan.operations.starting import publish

    found = find_deployment(context, reference)
    if found.removed_at is not None or found.status == "stopped":
        return dataclasses.replace(found, changed=False)
    back = memory_is_back(context, found)
    stopped = control.stop(found, settings=context.settings, clock=context.clock, memory_is_back=back)
    if stopped.message:
        report(Event("warning", f"{stopped.name}: {stopped.message}"))
    publish(context, report)
    return dataclasses.replace(stopped, changed=True)


def restart_deployment(
    context: Context, reference: str, *, timeout: float | None = None, report: Report = silent
) -> Deployment:
    """Stop and start again."""
    found = _find_present(context, reference)
    stop_deployment(context, found.id, report)
    return start_deployment(context, found.id, timeout=timeout, report=report)


def remove_deployment(context: Context, reference: str, report: Report = silent) -> Deployment:
    """Stop it and take it off the list; one that is removed already is left as it is."""
    from modelscan.deployments import control
    from modelscan.operations.machine import memory_is_back
    from modelscan.operations.starting import publish

    found = find_deployment(context, reference)
    if found.removed_at is not None:
        return dataclasses.replace(found, changed=False)
    back = memory_is_back(context, found)
    removed = control.remove(found, settings=context.settings, clock=context.clock, memory_is_back=back)
    publish(context, report)
    return dataclasses.replace(removed, changed=True)
