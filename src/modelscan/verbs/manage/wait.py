"""Waits for a deployment."""

from __future__ import annotations

from typing import Literal

from modelscan.model import Deployment
from modelscan.model.events import Report, silent
from modelscan.running.follow import publishing
from modelscan.running.progress import reporting
from modelscan.selecting.context import Context


def wait_for(
    context: Context,
    reference: str,
    until: Literal["ready", "stopped"],
    timeout: float | None,
    report: Report = silent,
) -> Deployment:
    """Wait until it is ready, or stopped. Raises BackendFailed, TimedOut, DeploymentNotFound."""
    found = context.deployments.find_present(reference)
    on_change = reporting(context, report)
    with publishing(context, report):
        return context.deployments.wait(found.id, until=until, timeout=timeout, on_change=on_change)
