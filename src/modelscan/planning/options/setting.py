"""What all candidates of one plan share."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.backends.arguments.history import Adapted
from modelscan.backends.arguments.words import Argument, read_arguments
from modelscan.backends.base import Speculation
from modelscan.backends.capabilities import Estimates, Occupies, Offloads
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass, field
from modelscan.model import Capabilities, Device, Measurement, PlanRequest, Spec, Task, WeightsDescription
from modelscan.planning.options.facts import PlanningFacts
from modelscan.planning.options.model_arguments import ModelArguments, model_arguments


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
    arguments_of: dict[str, ModelArguments] = field(default_factory=dict)

    def argument(self, name: str) -> Argument | None:
        """An argument of the backend that the user gave, and that no field of the request stands for."""
        return next((item for item in read_arguments(self.arguments.words) if item.name == name), None)

    def model_arguments(self, weights: WeightsDescription) -> ModelArguments:
        """What these weights need on any hardware; read once, as each of their candidates needs the same."""
        if weights.repo_id not in self.arguments_of:
            line = self.facts.chat_formats.of(self.model, self.backend)
            if line is not None:
                line = line.agreeing(weights.template_words)
            self.arguments_of[weights.repo_id] = model_arguments(
                self.specs,
                backend=BACKENDS[self.backend],
                version=self.backend_version,
                repo_id=weights.repo_id,
                task=self.task,
                capabilities=self.capabilities,
                shape=weights.architecture,
                line=line if weights.has_chat_template is not False else None,
                parsers=self.facts.parsers,
                history=self.facts.arguments,
            )
        return self.arguments_of[weights.repo_id]

    @property
    def estimates(self) -> Estimates | None:
        """None where the backend manages its memory by itself."""
        return BACKENDS[self.backend].estimates

    @property
    def occupies(self) -> Occupies | None:
        """Of a backend that manages its memory by itself, and of which is known what it takes beside weights."""
        return BACKENDS[self.backend].occupies

    @property
    def offloads(self) -> Offloads | None:
        """None where the backend computes on GPUs or on the host, not on both."""
        return BACKENDS[self.backend].offloads

    @property
    def speculation(self) -> Speculation | None:
        """The drafting that the user's arguments ask for. Raises Usage for a setting that cannot be read."""
        return self.estimates.speculation(self.arguments.words) if self.estimates is not None else None

    @property
    def step_tokens(self) -> int | None:
        """The tokens of a step where the user fixed them; None where the default holds, or no number is given."""
        name = BACKENDS[self.backend].runs.step_argument
        given = self.argument(name) if name is not None else None
        text = given.values[0] if given is not None and len(given.values) == 1 else ""
        return int(text) if text.isdigit() and int(text) else None
