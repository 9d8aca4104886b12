"""Follow a start until the endpoint responds, and add it to the routes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime

from modelscan.errors import Interrupted, ModelscanError
from modelscan.model import Deployment, Progress
from modelscan.model.events import Event, Report
from modelscan.running.routes import update_routes
from modelscan.selecting.context import Context
from modelscan.system.clock import parse_rfc3339


def start_and_follow(
    context: Context, deployment: Deployment, *, wait: bool, timeout: float | None, report: Report
) -> Deployment:
    """Wait for a started deployment, reporting each phase.

    Ctrl-C stops the backend and keeps the record. Raises BackendFailed, TimedOut, Interrupted.
    """
    with publishing(context, report):
        if not wait:
            return deployment
        try:
            ready = context.deployments.wait(deployment.id, timeout=timeout, on_change=_reporting(context, report))
        except KeyboardInterrupt:
            context.deployments.stop(deployment.id)
            name = deployment.name
            raise Interrupted(
                f"interrupted: `{name}` was stopped before it was ready",
                hints=[f"modelscan start {name}", f"modelscan remove {name}"],
            ) from None
    report(Event("ready", f"{ready.name} is ready", {"base_url": ready.base_url}))
    return ready


def _reporting(context: Context, report: Report) -> Callable[[Deployment], None]:
    """Report each phase, and what the supervisor changed (another port, a smaller context, a restart)."""
    shown: str | None = None
    phase: Event | None = None

    def on_change(now: Deployment) -> None:
        nonlocal shown, phase
        if now.status == "starting" and now.message not in {None, shown}:
            shown = now.message
            report(Event("note", f"{now.name}: {shown}"))
        if (latest := _phase(now, context.clock.now())) != phase:
            phase = latest
            report(latest)

    return on_change


@contextlib.contextmanager
def publishing(context: Context, report: Report) -> Iterator[None]:
    """Update the routing file at the end, however it ends: after a failure, too, a deployment may be over."""
    try:
        yield
    finally:
        publish(context, report)


def publish(context: Context, report: Report) -> None:
    """Update the routing file; a failure to write it is only a warning."""
    try:
        for route in update_routes(context):
            report(Event("warning", f"`{route.name}` keeps your own route with that name in routing.yaml"))
    except ModelscanError as error:
        report(Event("warning", f"{error.message}; the routes are out of date"))


def _phase(deployment: Deployment, now: datetime) -> Event:
    progress = deployment.progress or Progress()
    parts = [progress.detail or (f"{progress.fraction:.0%}" if progress.fraction is not None else "")]
    if progress.expected_at is not None:
        left = (parse_rfc3339(progress.expected_at) - now).total_seconds()
        parts.append(f"about {left:.0f} s left" if left >= 1 else "any moment now")
    text = ", ".join(part for part in parts if part)
    return Event(
        "phase",
        f"{deployment.phase or deployment.status}{f': {text}' if text else ''}",
        {
            "status": deployment.status,
            "phase": deployment.phase,
            "fraction": progress.fraction,
            "expected_at": progress.expected_at,
        },
    )
