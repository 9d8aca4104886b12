"""What a target works with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modelscan.dataclasses import dataclass, field
from modelscan.settings.reading import Settings
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.targets.pace import Pace, pace_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """`environ` is the user's, `routing_file` the file to update when no command waits."""

    paths: Paths
    clock: Clock
    pace: Pace
    environ: Mapping[str, str] = field(default_factory=dict)
    routing_file: Path | None = None


def site_of(settings: Settings, clock: Clock) -> Site:
    return Site(
        paths=settings.paths,
        clock=clock,
        pace=pace_of(settings),
        environ=settings.environ,
        routing_file=settings.routing_path.absolute(),
    )
