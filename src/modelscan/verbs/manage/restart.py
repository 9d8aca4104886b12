"""Restarts a deployment."""

from __future__ import annotations

from modelscan.model import Deployment
from modelscan.model.events import Report, silent
from modelscan.running.start import start_deployment
from modelscan.running.stop import stop_deployment
from modelscan.selecting.context import Context


def restart_deployment(
    context: Context, reference: str, *, timeout: float | None = None, report: Report = silent
) -> Deployment:
    """Stop and start again."""
    found = context.deployments.find_present(reference)
    stop_deployment(context, found.id, report)
    return start_deployment(context, found.id, timeout=timeout, report=report)
