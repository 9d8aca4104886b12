"""Stopping a deployment."""

from __future__ import annotations

import dataclasses

from modelscan.deployments.document import deployment_of
from modelscan.model import Deployment
from modelscan.model.events import Event, Report, silent
from modelscan.selecting.context import Context


def stop_deployment(context: Context, reference: str, report: Report = silent) -> Deployment:
    """End the whole process tree and keep the record; one that is over already is left as it is."""
    from modelscan.running.follow import publish
    from modelscan.running.memory import memory_is_back
    from modelscan.targets.local import control

    found = context.deployments.find(reference)
    if found.removed_at is not None or found.status == "stopped":
        return dataclasses.replace(found, changed=False)
    back = memory_is_back(context, found)
    stopped = deployment_of(control.stop(found.id, settings=context.settings, clock=context.clock, memory_is_back=back))
    if stopped.message:
        report(Event("warning", f"{stopped.name}: {stopped.message}"))
    publish(context, report)
    return dataclasses.replace(stopped, changed=True)
