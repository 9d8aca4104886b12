"""The basis of plans: shipped facts, and measurements from this machine."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from modelscan.deployments.measurements import Measurements
from modelscan.model import Measurement, WeightsDescription
from modelscan.planning.options.facts import PlanningFacts, load_facts
from modelscan.selecting.context import Context
from modelscan.storage.shipped import shipped_text


@functools.cache
def planning_facts() -> PlanningFacts:
    """The shipped tables that plans are judged by, which stay as they are while the program runs."""
    return load_facts(shipped_text)


def measured(context: Context, options: Sequence[WeightsDescription]) -> tuple[Measurement, ...]:
    """What earlier starts of these weights used on this machine."""
    if not context.settings.paths.database_file.exists():  # nothing was ever started here
        return ()
    with Measurements.for_reading(context.settings.paths) as kept:
        return tuple(kept.of(weights.repo_id for weights in options))
