"""Waiting for a deployment."""

from __future__ import annotations

from typing import Literal

from modelscan.model import Deployment
from modelscan.model.events import Report, silent
from modelscan.selecting.context import Context


def wait_for(
    context: Context,
    reference: str,
    until: Literal["ready", "stopped"],
    timeout: float | None,
    report: Report = silent,
) -> Deployment:
    """Wait until it is ready, or stopped. Raises BackendFailed, TimedOut, DeploymentNotFound."""
    from modelscan.running.follow import publish
    from modelscan.targets import waiting as control_waiting

    found = context.deployments.find_present(reference)
    done = control_waiting.wait(found, settings=context.settings, clock=context.clock, until=until, timeout=timeout)
    publish(context, report)
    return done
