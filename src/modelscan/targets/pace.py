"""How often a supervisor probes and how long it waits: the user's settings, passed at each start."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Self

from modelscan.dataclasses import dataclass
from modelscan.storage.documents import from_document, to_document

if TYPE_CHECKING:  # the supervisor loads no settings
    from modelscan.settings.reading import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """Seconds, but for `unhealthy_after`, a number of probes."""

    until_ready: float = 0.1
    between_generations: float = 0.5
    when_ready: float
    answer_within: float
    unhealthy_after: int
    wedged_after: float
    restart_after: float
    release_timeout: float
    linger: float

    @property
    def between_metrics(self) -> float:
        """Often enough to notice in time; writing them costs a backend some milliseconds."""
        return self.wedged_after / 8

    @classmethod
    def read(cls, text: str) -> Self:
        """The inverse of `written`."""
        return from_document(cls, json.loads(text))

    def written(self) -> str:
        return json.dumps(to_document(self), separators=(",", ":"))


def pace_of(settings: Settings) -> Pace:
    return Pace(
        when_ready=settings.deploy.probe_interval,
        answer_within=settings.deploy.probe_timeout,
        unhealthy_after=settings.deploy.unhealthy_after,
        wedged_after=settings.deploy.wedged_after,
        restart_after=settings.deploy.restart_after,
        release_timeout=settings.deploy.release_timeout,
        linger=settings.deploy.stop_linger,
    )
