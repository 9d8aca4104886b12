"""Stops a deployment, and removes it."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.model import Deployment
from modelscan.model.events import Event, Report, silent
from modelscan.running.follow import publishing
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine


def stop_deployment(context: Context, reference: str, report: Report = silent) -> Deployment:
    """End the whole process tree and keep the record; one that is already stopped is left unchanged."""
    found = context.deployments.find(reference)
    with publishing(context, report):  # also when there is nothing to do: an earlier command may have been killed
        if found.removed_at is not None or (found.status == "stopped" and not found.is_live):
            return dataclasses.replace(found, changed=False)
        stopped = context.deployments.stop(found.id, hardware=lambda: machine(context))
        if stopped.message:
            report(Event("warning", f"{stopped.name}: {stopped.message}"))
        return dataclasses.replace(stopped, changed=True)


def remove_deployment(context: Context, reference: str, report: Report = silent) -> Deployment:
    """Stop it and remove it from the list; one that is already removed is left unchanged."""
    found = context.deployments.find(reference)
    with publishing(context, report):
        if found.removed_at is not None:
            return dataclasses.replace(found, changed=False)
        removed = context.deployments.remove(found.id, hardware=lambda: machine(context))
        return dataclasses.replace(removed, changed=True)
