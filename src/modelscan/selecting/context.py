"""The dependencies of an operation, passed in so that tests can pass fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from modelscan.dataclasses import dataclass, field
from modelscan.model import Source
from modelscan.settings.reading import Settings
from modelscan.storage.secrets import Secrets
from modelscan.system.clock import Clock, SystemClock

if TYPE_CHECKING:
    from modelscan.hubs.protocol import Delivery, Describes, Fetches
    from modelscan.hubs.sources import Sources
    from modelscan.jobs.start import StartsJobs
    from modelscan.model.words import HubName
    from modelscan.system.http import Http
    from modelscan.system.processes.run import Completed, Runner
    from modelscan.targets.deployments import Deployments


def _http() -> Http:
    from modelscan.system.http import Http

    return Http()


def _run(argv: Sequence[str], *, env: Mapping[str, str], timeout: float) -> Completed:
    from modelscan.system.processes.run import run

    return run(argv, env=env, timeout=timeout)


@dataclass(frozen=True, kw_only=True, slots=False)  # it keeps its describers
class Context:
    """Settings and doors. `sysfs` and `proc` are where the kernel shows the machine.

    `targets` are modules by name, in place of those of the registry; `start_job` is in place of the one that there is.
    """

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    run: Runner = _run
    http: Callable[[], Http] = _http
    sysfs: Path = Path("/sys")
    proc: Path = Path("/proc")
    targets: Mapping[str, str] | None = None
    start_job: StartsJobs | None = None

    @property
    def deployments(self) -> Deployments:
        """The deployments of this machine."""
        from modelscan.targets.deployments import deployments_of

        return deployments_of(self.settings, self.clock, self.targets)

    def describer(self, source: Source) -> Describes:
        """The describer of this source, made once: a list of what fits asks for hundreds of weights."""
        if source not in self._describers:
            self._describers[source] = self._sources.describer(source)
        return self._describers[source]

    def delivery(self, source: Source, repo_id: str) -> Delivery:
        """How a backend gets these weights. Raises Usage for an invalid address."""
        return self._sources.delivery(source, repo_id)

    def fetcher(self, hub: HubName) -> Fetches:
        """The fetcher of a hub."""
        return self._sources.fetcher(hub)

    @cached_property
    def _describers(self) -> dict[Source, Describes]:
        return {}

    @property
    def _sources(self) -> Sources:
        from modelscan.hubs.sources import sources_of

        return sources_of(self.settings, environ=self.hub_environment, http=self.http, clock=self.clock)

    def hub_environment(self) -> Mapping[str, str]:
        """The environment for requests to hubs, with the user's tokens; looking them up may open a keyring."""
        from modelscan.hubs.tokens import with_tokens

        return with_tokens(
            self.settings.environ, Secrets(self.settings.paths.secrets_file), self.settings.token_variables
        )
