"""What all candidates of one plan share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelscan.backends.history import Adapted
from modelscan.model import Capabilities, Device, Measurement, PlanRequest, Spec, Task
from modelscan.planning.facts import PlanningFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What all candidates of one plan share."""

    model: str
    task: Task
    backend: str
    backend_reason: str
    backend_version: str | None
    device: Device
    request: PlanRequest
    facts: PlanningFacts
    explicit: tuple[str, ...]
    arguments: Adapted
    specs: tuple[Spec, ...] = ()
    capabilities: Capabilities | None = None
    measurements: Sequence[Measurement] = ()
