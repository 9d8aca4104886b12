"""Removes a deployment."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.model import Deployment
from modelscan.model.events import Report, silent
from modelscan.running.follow import publishing
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine


def remove_deployment(context: Context, reference: str, report: Report = silent) -> Deployment:
    """Stop it and remove it from the list; one that is already removed is left unchanged."""
    found = context.deployments.find(reference)
    with publishing(context, report):
        if found.removed_at is not None:
            return dataclasses.replace(found, changed=False)
        removed = context.deployments.remove(found.id, hardware=lambda: machine(context))
        return dataclasses.replace(removed, changed=True)
