"""Follow a start until the endpoint responds, and add it to the routes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from modelscan.errors import Interrupted, ModelscanError
from modelscan.model import Deployment
from modelscan.model.events import Event, Report
from modelscan.running.progress import reporting
from modelscan.running.routes import update_routes
from modelscan.selecting.context import Context
from modelscan.system.deadline import Deadline


def start_and_follow(
    context: Context, deployment: Deployment, *, wait: bool, deadline: Deadline, report: Report
) -> Deployment:
    """Wait for a started deployment, reporting each phase.

    Ctrl-C stops what is not ready yet and keeps the record. Raises BackendFailed, TimedOut, Interrupted.
    """
    with publishing(context, report):
        if not wait:
            return deployment
        try:
            ready = context.deployments.wait(
                deployment.id,
                timeout=deadline.left(),
                limit=deadline.seconds,
                on_change=reporting(context, report),
            )
        except KeyboardInterrupt:
            raise _interrupted(context, deployment) from None
    report(Event("ready", f"{ready.name} is ready", {"base_url": ready.base_url}))
    return ready


def _interrupted(context: Context, deployment: Deployment) -> Interrupted:
    """Stop it, unless it became ready in the moment before Ctrl-C, which nobody has seen yet."""
    name = deployment.name
    if context.deployments.now(deployment.id).status == "ready":
        return Interrupted(f"interrupted: `{name}` was ready already, and runs", hints=[f"modelscan stop {name}"])
    context.deployments.stop(deployment.id)
    return Interrupted(
        f"interrupted: `{name}` was stopped before it was ready",
        hints=[f"modelscan start {name}", f"modelscan remove {name}"],
    )


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
        published = update_routes(context)
        for route in published.shadowed:
            report(Event("warning", f"`{route.name}` keeps your own route with that name in routing.yaml"))
        if published.litellm:
            path = context.settings.litellm_path
            report(Event("note", f"`{path}` has changed; LiteLLM reads it when it starts: restart it"))
    except ModelscanError as error:
        report(Event("warning", f"{error.message}; the routes are out of date"))
