"""Starts a deployment again from the plan pinned in its record."""

from __future__ import annotations

import contextlib
from pathlib import Path

from modelscan import dataclasses
from modelscan.backends.registry import BACKENDS
from modelscan.deployments.again import again
from modelscan.errors import BackendFailed, BackendNotInstalled, InterruptedBefore
from modelscan.model import Deployment
from modelscan.model.events import Event, Report, silent
from modelscan.running.claim import claim_again
from modelscan.running.follow import publish, start_and_follow
from modelscan.running.prepare import prepare, prepare_there
from modelscan.running.streaming import weights_environment
from modelscan.selecting.context import Context
from modelscan.system.deadline import Deadline
from modelscan.targets.target import host_in


def start_deployment(
    context: Context,
    reference: str,
    *,
    timeout: float | None = None,
    wait: bool = True,
    report: Report = silent,
) -> Deployment:
    """Replay the pinned plan: the same weights, backend and arguments. A running one is left unchanged.

    Raises BackendNotInstalled, Conflict (memory or port taken), BackendFailed, TimedOut, Interrupted.
    """
    deployments, deadline = context.deployments, Deadline(timeout, context.clock)
    found = deployments.now(deployments.find_present(reference).id)
    if found.status == "ready":
        publish(context, report)
        return dataclasses.replace(found, changed=False)
    if found.status == "stopping":  # by a command that may have been killed: its supervisor ends it all the same
        found = deployments.wait(found.id, until="stopped", timeout=deadline.left(), limit=timeout)
    if found.status in {"stopped", "failed"}:
        target = deployments.target(found.target)
        is_local, host = target.is_local, host_in(target)
        if is_local:
            _check_replay(found)
        environment = weights_environment(context, found, report) if is_local else {}
        with claim_again(context, found.id) as claimed:
            record = claimed.record
            if is_local and not record.pinned.argv:
                with deadline.interrupting():
                    record = prepare(context, record, report)
            with deadline.interrupting() if host is not None else contextlib.nullcontext():
                if host is not None:
                    record = prepare_there(context, record, host, report)
                report(Event("starting", "Starting deployment..."))
                found = deployments.start(record.id, held=claimed.lock, weights_environment=environment)
    started = start_and_follow(context, found, wait=wait, deadline=deadline, report=report)
    return dataclasses.replace(started, changed=True)


def _install(found: Deployment) -> str:
    libraries = (found.plan or {}).get("libraries") or ()
    variant = BACKENDS[found.backend].variant_with(libraries) if found.backend in BACKENDS else None
    return f"modelscan backend install {found.backend}" + (f" --variant {variant}" if variant else "")


def _check_replay(found: Deployment) -> None:
    """Raise before anything is started when the plan cannot be replayed here and now."""
    if not found.argv:
        if found.plan:
            return  # an interrupted preparation is resumed
        raise InterruptedBefore(
            f"`{found.name}` was never fully prepared",
            hints=[f"modelscan remove {found.name}", again(found)],
            details={"id": found.id},
        )
    if found.program is None or not Path(found.program).exists():
        raise BackendNotInstalled(
            f"cannot find the backend of `{found.name}`: `{found.program}`",
            hints=[f"{_install(found)} --version {found.backend_version}"],
            details={"backend": found.backend, "version": found.backend_version},
        )
    if found.location is not None and found.location.startswith("/") and not Path(found.location).exists():
        raise BackendFailed(
            f"cannot find the weights of `{found.name}`: `{found.location}`",
            hints=[f"modelscan remove {found.name}", again(found)],
        )
