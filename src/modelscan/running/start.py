"""Starting a deployment again by the plan that is pinned in its record."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from modelscan.deployments.document import deployment_of
from modelscan.errors import BackendFailed, BackendNotInstalled, InterruptedBefore
from modelscan.model import Deployment
from modelscan.model.events import Event, Report, silent
from modelscan.selecting.context import Context


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
    from modelscan.running.claim import claim_again
    from modelscan.running.follow import start_and_follow
    from modelscan.running.prepare import prepare
    from modelscan.running.streaming import environment_of_place
    from modelscan.targets.local import control

    found = context.deployments.now(context.deployments.find_present(reference).id)
    if found.status == "ready":
        return dataclasses.replace(found, changed=False)
    if found.status in {"stopped", "failed"}:
        _check_replay(found)
        place = environment_of_place(context, found, report)
        with claim_again(context, found.id) as claimed:
            record = claimed.record
            if not record.pinned.argv:
                record = prepare(context, record, report)
            report(Event("starting", "Starting deployment..."))
            record = control.start(
                record.id, settings=context.settings, clock=context.clock, held=claimed.lock, place_environment=place
            )
        found = deployment_of(record)
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
