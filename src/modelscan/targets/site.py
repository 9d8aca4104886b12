"""What a target works with."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass, field
from modelscan.settings.reading import Settings
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.targets.pace import Pace, pace_of
from modelscan.targets.published import PublishedFiles

# How a program of ours that runs the command says for whom: never set by a user.
ACTING, ACTING_WHY = "MODELSCAN_ACTING", "MODELSCAN_ACTING_WHY"


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    """Who starts and stops: the user, or a program of ours that says `why`, for the events."""

    who: str = "user"
    why: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """`environ` is the user's, `published` the files to update when no command waits, `acting` who commands."""

    paths: Paths
    clock: Clock
    pace: Pace
    environ: Mapping[str, str] = field(default_factory=dict)
    published: PublishedFiles | None = None
    acting: Acting = field(default_factory=Acting)


def site_of(settings: Settings, clock: Clock) -> Site:
    return Site(
        paths=settings.paths,
        clock=clock,
        pace=pace_of(settings),
        environ=settings.environ,
        published=published_files(settings),
        acting=Acting(who=settings.environ.get(ACTING, "user"), why=settings.environ.get(ACTING_WHY)),
    )


def published_files(settings: Settings) -> PublishedFiles:
    litellm = settings.litellm_path
    return PublishedFiles(
        routes=settings.routing_path.absolute(),
        litellm=litellm and litellm.absolute(),
        keyless=settings.routing.litellm_keyless,
    )
