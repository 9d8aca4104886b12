"""What all candidates of one plan share."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.backends.arguments.history import Adapted
from modelscan.backends.arguments.words import Argument, read_arguments
from modelscan.backends.capabilities import Estimates
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.model import Capabilities, Device, Measurement, PlanRequest, Spec, Task
from modelscan.planning.options.facts import PlanningFacts


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

    def argument(self, name: str) -> Argument | None:
        """An argument of the backend that the user gave, and that no field of the request stands for."""
        return next((item for item in read_arguments(self.arguments.words) if item.name == name), None)

    @property
    def estimates(self) -> Estimates | None:
        """None where the backend manages its memory by itself."""
        return BACKENDS[self.backend].estimates

    @property
    def step_tokens(self) -> int | None:
        """The tokens of a step where the user fixed them; None where the default holds, or no number is given."""
        name = BACKENDS[self.backend].runs.step_argument
        given = self.argument(name) if name is not None else None
        text = given.values[0] if given is not None and len(given.values) == 1 else ""
        return int(text) if text.isdigit() and int(text) else None
