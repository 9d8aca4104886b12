"""What a target works with."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass, field
from modelscan.settings.reading import Settings
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.targets.pace import Pace, pace_of
from modelscan.targets.published import PublishedFiles


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """`environ` is the user's, `published` the files to update when no command waits."""

    paths: Paths
    clock: Clock
    pace: Pace
    environ: Mapping[str, str] = field(default_factory=dict)
    published: PublishedFiles | None = None


def site_of(settings: Settings, clock: Clock) -> Site:
    return Site(
        paths=settings.paths,
        clock=clock,
        pace=pace_of(settings),
        environ=settings.environ,
        published=published_files(settings),
    )


def published_files(settings: Settings) -> PublishedFiles:
    litellm = settings.litellm_path
    return PublishedFiles(
        routes=settings.routing_path.absolute(),
        litellm=litellm and litellm.absolute(),
        keyless=settings.routing.litellm_keyless,
    )
