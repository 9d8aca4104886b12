"""Removing a deployment."""

from __future__ import annotations

import dataclasses

from modelscan.deployments.document import deployment_of
from modelscan.model import Deployment
from modelscan.model.events import Report, silent
from modelscan.selecting.context import Context


def remove_deployment(context: Context, reference: str, report: Report = silent) -> Deployment:
    """Stop it and take it off the list; one that is removed already is left as it is."""
    from modelscan.running.follow import publish
    from modelscan.running.memory import memory_is_back
    from modelscan.targets.local import control

    found = context.deployments.find(reference)
    if found.removed_at is not None:
        return dataclasses.replace(found, changed=False)
    back = memory_is_back(context, found)
    removed = control.remove(found.id, settings=context.settings, clock=context.clock, memory_is_back=back)
    publish(context, report)
    return dataclasses.replace(deployment_of(removed), changed=True)
