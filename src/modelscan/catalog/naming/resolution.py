"""What a name means: one model, or a repo that no catalog knows (pure)."""

from __future__ import annotations

from modelscan.catalog.naming.asked import WeightsHint
from modelscan.dataclasses import dataclass
from modelscan.model import Model


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """One model, or a repo that no catalog knows (`passthrough_repo`, to be checked on the hub).

    `warnings` are worth a person's attention before anything is deployed; `notes` explain a choice.
    """

    model: Model | None = None
    weights_hint: WeightsHint | None = None
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    passthrough_repo: str | None = None
