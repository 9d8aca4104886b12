"""Deployments as they are now: their records, checked against the machine."""

from __future__ import annotations

from dataclasses import dataclass

from modelscan.deployments.document import deployment_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.errors import BackendFailed, DeploymentNotFound
from modelscan.model import LIVE_STATUSES, Claim, Deployment, Hardware
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.targets.local.claims import claims_of
from modelscan.targets.local.observe import observe


@dataclass(frozen=True, slots=True)
class Deployments:
    """The records below `paths`, each shown with the status that its target confirms."""

    paths: Paths
    clock: Clock

    def list(self, *, status: str | None = None, removed: bool = False, live_only: bool = False) -> list[Deployment]:
        """Every deployment that is not removed, in the order of creation."""
        seen = [deployment_of(self.observe(record)) for record in self._records(removed=removed)]
        return [
            item
            for item in seen
            if (status is None or item.status == status) and (not live_only or item.status in LIVE_STATUSES)
        ]

    def recorded(self, *, removed: bool = False) -> tuple[Deployment, ...]:
        """The same as they were written last, without a look at the machine."""
        return tuple(deployment_of(record) for record in self._records(removed=removed))

    def live_names(self) -> tuple[str, ...]:
        """Of all that are not known to be over: also where the supervisor was killed, which may have left something."""
        return tuple(item.name for item in self.recorded() if item.status in LIVE_STATUSES)

    def observe(self, record: Record, *, commanding: bool = False) -> Record:
        """The record with the status that the machine confirms. `commanding`: the caller holds the command lock."""
        return observe(record, paths=self.paths, clock=self.clock, commanding=commanding)

    def now(self, reference: str) -> Deployment:
        """One deployment as it is now; a removed one that had this name is still known. Raises DeploymentNotFound."""
        return deployment_of(self.observe(self._find(reference)))

    def find(self, reference: str) -> Deployment:
        """The record as it was written last; a removed one that had this name is still known.

        Raises DeploymentNotFound.
        """
        return deployment_of(self._find(reference))

    def named(self, name: str) -> Record | None:
        """The record that has this very name."""
        return next((record for record in self._records() if record.name == name), None)

    def find_present(self, reference: str) -> Deployment:
        """As `find`, without those that were removed. Raises DeploymentNotFound."""
        found = self.find(reference)
        if found.removed_at is not None:
            raise DeploymentNotFound(
                f"the deployment `{found.name}` was removed at {found.removed_at}",
                hints=[f"modelscan deploy {found.model} --name {found.name}"],
                details={"id": found.id},
            )
        return found

    def claims(self, hardware: Hardware, *, but: Record | None = None) -> tuple[Claim, ...]:
        """The claims of all that live, without those of a deployment that is about to be replaced or started."""
        others = [self.observe(record) for record in self._records() if but is None or record.id != but.id]
        return claims_of(others, hardware)

    def _records(self, *, removed: bool = False) -> tuple[Record, ...]:
        with Store.for_reading(self.paths, self.clock) as store:
            return store.list(include_removed=removed)

    def _find(self, reference: str) -> Record:
        with Store.for_reading(self.paths, self.clock) as store:
            try:
                return store.get(reference)
            except DeploymentNotFound:
                known = store.known_removed(reference)
                if known is None:
                    raise
                return known


def not_ready(deployment: Deployment) -> BackendFailed:
    """For callers that need a ready one."""
    name = deployment.name
    word = "removed" if deployment.removed_at else deployment.status
    hints = {
        "stopped": [f"modelscan start {name}"],
        "failed": [f"modelscan logs {name} --tail 50", f"modelscan start {name}"],
        "removed": [f"modelscan deploy {deployment.model}"],
    }.get(word, [f"modelscan wait {name}"])
    return BackendFailed(
        f"`{name}` is not ready: it is {word}",
        cause=[deployment.message] if deployment.message else [],
        hints=hints,
        details={"status": deployment.status},
    )
