"""Deployments as they are now, and every operation on them; the layers above know no target but through this."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from modelscan import dataclasses
from modelscan.dataclasses import dataclass, field
from modelscan.deployments.again import again
from modelscan.deployments.commanding import commanding, current
from modelscan.deployments.document import deployment_of
from modelscan.deployments.files import files_of, last_request_at
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.ending import asked_to_stop, removed
from modelscan.errors import BackendFailed, DeploymentNotFound, StateDamaged, StateTooNew, StorageFailed
from modelscan.model import Deployment
from modelscan.settings.reading import Settings
from modelscan.storage.locks import Lock
from modelscan.system.clock import Clock, rfc3339
from modelscan.targets.registry import TARGETS, target_named
from modelscan.targets.site import Site, site_of

if TYPE_CHECKING:  # `list` needs none of it at run time
    from modelscan.model import Claim, Hardware
    from modelscan.storage.logs.reading import LogLine
    from modelscan.targets.target import Orphan, ReadMachine, Reaps, Target


@dataclass(frozen=True, slots=True)
class Deployments:
    """The records of a site, each shown with the status that its target confirms, and changed through it.

    `targets` are the known ones, by name. Where a lock is `held`, it is that from `commanding.command`.
    """

    site: Site
    targets: Mapping[str, str] = field(default_factory=lambda: TARGETS)

    def target(self, name: str) -> Target:
        """Raises Usage for an unknown one."""
        return target_named(name, self.site, self.targets)

    def list(self, *, status: str | None = None, removed: bool = False, live_only: bool = False) -> list[Deployment]:
        """Every deployment that is not removed, in the order of creation."""
        seen = [self._shown(record) for record in self._records(removed=removed)]
        return [item for item in seen if (status is None or item.status == status) and (not live_only or item.is_live)]

    def recorded(self, *, removed: bool = False) -> tuple[Deployment, ...]:
        """The same as last written, without asking their targets."""
        return tuple(deployment_of(record) for record in self._records(removed=removed))

    def live_names(self) -> tuple[str, ...]:
        """The names of all that are not known to be over, including those whose supervisor was killed."""
        return tuple(item.name for item in self.recorded() if item.is_live)

    def observe(self, record: Record, *, commanding: bool = False) -> Record:
        """The record with the status that its target confirms. `commanding`: the caller holds the command lock."""
        return self._target(record).observe(record, commanding=commanding)

    def now(self, reference: str) -> Deployment:
        """One deployment as it is now; the last removed one of that name still counts. Raises DeploymentNotFound."""
        return self._shown(self._find(reference))

    def find(self, reference: str) -> Deployment:
        """The record as last written; the last removed one of that name still counts.

        Raises DeploymentNotFound.
        """
        return deployment_of(self._find(reference))

    def named(self, name: str) -> Record | None:
        """The record with exactly this name."""
        return next((record for record in self._records() if record.name == name), None)

    def find_present(self, reference: str) -> Deployment:
        """As `find`, but not removed. Raises DeploymentNotFound."""
        found = self.find(reference)
        if found.removed_at is not None:
            raise DeploymentNotFound(
                f"the deployment `{found.name}` was removed at {found.removed_at}",
                hints=[again(found)],
                details={"id": found.id},
            )
        return found

    def claims(self, hardware: Hardware, *, but: Record | None = None) -> tuple[Claim, ...]:
        """The claims of all that live, without those of a deployment that is about to be replaced or started."""
        others: dict[str, list[Record]] = {}
        for record in self._records():
            if but is None or record.id != but.id:
                others.setdefault(record.spec.target, []).append(self.observe(record))
        return tuple(claim for there in others.values() for claim in self._target(there[0]).claims(there, hardware))

    def place(
        self,
        record: Record,
        store: Store,
        *,
        port: int | None,
        first_port: int,
        hardware: ReadMachine,
        replacing: Record | None = None,
        needs_memory: bool = True,
    ) -> Record:
        """The record with its address, once what it claims is available. Call it with the claims lock held.

        `port` is the requested one; without `needs_memory` it starts later. Raises Conflict.
        """
        from modelscan.targets.target import Placement

        but = replacing or record
        among = Placement(
            port=port,
            first_port=first_port,
            ports={item.pinned.port: item.name for item in store.list() if item.pinned.port and item.id != but.id},
            replacing=self.observe(replacing) if replacing is not None else None,
            hardware=hardware,
            claims=lambda read: self.claims(read, but=but),
            needs_memory=needs_memory,
        )
        return self._target(record).place(record, among)

    def start(
        self,
        deployment_id: str,
        *,
        held: Lock | None = None,
        weights_environment: Mapping[str, str] = MappingProxyType({}),
    ) -> Deployment:
        """Start its pinned plan; `wait` follows it. Raises Conflict, also for one that was removed meanwhile."""
        with self._commanding(deployment_id, held) as (record, store):
            acting = self.site.acting
            if acting.why is not None:
                store.add_event(record.id, acting.who, acting.why)
            started = self._target(record).start(record, store, weights_environment=weights_environment)
        return deployment_of(started)

    def stop(self, deployment_id: str, *, hardware: ReadMachine | None = None, held: Lock | None = None) -> Deployment:
        """End all of it; with `hardware`, also wait for its memory."""
        with self._commanding(deployment_id, held) as (record, store):
            acting = self.site.acting
            if acting.why is not None:
                store.add_event(record.id, acting.who, acting.why)
            rests = record.spec.sleep and acting.who == "gateway"
            ended = self._target(record).stop(record, store, hardware=hardware, rests=rests)
            return deployment_of(store.write(asked_to_stop(ended, acting.who)))

    def remove(self, deployment_id: str, *, hardware: ReadMachine | None = None) -> Deployment:
        """Stop it, and free its name and port."""
        with self._commanding(deployment_id, None) as (record, store):
            target = self._target(record)
            gone = store.write(removed(target.stop(record, store, hardware=hardware), self._now()))
            target.forget(gone)
        return deployment_of(gone)

    def replace(self, deployment_id: str, new: Record, *, hardware: ReadMachine | None = None) -> Record:
        """Stop it, then in one step remove it and create the new record: whoever is killed loses neither."""
        with self._commanding(deployment_id, None) as (record, store):
            target = self._target(record)
            gone = removed(target.stop(record, store, hardware=hardware), self._now())
            created = store.create(new, replacing=gone)
            target.forget(gone)
        return created

    def _now(self) -> str:
        return rfc3339(self.site.clock.now())

    def wait(
        self,
        deployment_id: str,
        *,
        until: Literal["ready", "stopped"] = "ready",
        timeout: float | None = None,
        limit: float | None = None,
        on_change: Callable[[Deployment], None] | None = None,
    ) -> Deployment:
        """Follow it until it is ready, or over: see `waiting.wait`."""
        from modelscan.targets.waiting import wait  # it loads what `list` does not need

        with Store(self.site.paths, self.site.clock) as store:
            return wait(
                lambda: self._shown(store.by_id(deployment_id)),
                clock=self.site.clock,
                until=until,
                timeout=timeout,
                limit=limit,
                on_change=on_change,
            )

    def logs(
        self, reference: str, *, follow: bool = False, tail: int | None = None, since: datetime | None = None
    ) -> Iterator[LogLine]:
        """Lines oldest first; with `follow` until it is over. Raises DeploymentNotFound."""
        record = self._find(reference)
        is_over = (lambda: not self.now(record.id).is_live) if follow else None
        return self._target(record).logs(record, tail=tail, since=since, is_over=is_over)

    def orphans(self) -> tuple[Orphan, ...]:
        """Processes that killed supervisors left behind."""
        names = self._known_names()
        return tuple(orphan for target in self._reaping() for orphan in target.orphans(names))

    def reap(self) -> tuple[Orphan, ...]:
        """End them; returns those that are still there."""
        names = self._known_names()
        return tuple(orphan for target in self._reaping() for orphan in target.reap(names))

    def _known_names(self) -> Mapping[str, str]:
        """Of all records, by id; none where they cannot be read: what runs is found by its tag, and not by them."""
        try:
            return {record.id: record.name for record in self._records(removed=True)}
        except (StateDamaged, StateTooNew, StorageFailed):
            return {}

    def _shown(self, record: Record) -> Deployment:
        shown, base = deployment_of(self.observe(record)), self._target(record).endpoint(record)
        at = last_request_at(files_of(self.site.paths, record.id))
        if base == shown.base_url and at is None:
            return shown
        return dataclasses.replace(
            shown,
            base_url=base,
            openai_base_url=None if base is None else f"{base}/v1",
            last_request_at=None if at is None else rfc3339(datetime.fromtimestamp(at, UTC)),
        )

    def _target(self, record: Record) -> Target:
        name = record.spec.target
        if name not in self.targets:
            raise StateDamaged(
                f"the record of `{record.name}` is damaged",
                cause=[f"there is no target `{name}`"],
                hints=[f"known are {', '.join(self.targets)}"],
                details={"id": record.id, "target": name},
            )
        return self.target(name)

    def _reaping(self) -> Iterator[Reaps]:
        from modelscan.targets.target import Reaps

        for name in self.targets:
            target = self.target(name)
            if isinstance(target, Reaps):
                yield target

    @contextlib.contextmanager
    def _commanding(self, deployment_id: str, held: Lock | None) -> Iterator[tuple[Record, Store]]:
        paths, clock = self.site.paths, self.site.clock
        with commanding(deployment_id, held, paths, clock=clock), Store(paths, clock) as store:
            yield current(store, deployment_id), store

    def _records(self, *, removed: bool = False) -> tuple[Record, ...]:
        with Store.for_reading(self.site.paths, self.site.clock) as store:
            return store.list(include_removed=removed)

    def _find(self, reference: str) -> Record:
        with Store.for_reading(self.site.paths, self.site.clock) as store:
            try:
                return store.get(reference)
            except DeploymentNotFound:
                known = store.known_removed(reference)
                if known is None:
                    raise
                return known


def require_port(deployment: Deployment) -> None:
    """Raise BackendFailed for one that only the gateway reaches."""
    if deployment.socket is not None:
        raise BackendFailed(
            f"`{deployment.name}` listens on a Unix socket, which only the gateway reaches",
            cause=["it can sleep, and the routes for that must not be open to others"],
            hints=["modelscan gateway start"],
            details={"socket": deployment.socket},
        )


def not_ready(deployment: Deployment) -> BackendFailed:
    """The error for callers that need a ready one."""
    name = deployment.name
    word = "removed" if deployment.removed_at else deployment.status
    hints = {
        "stopped": [f"modelscan start {name}"],
        "failed": [f"modelscan logs {name} --tail 50", f"modelscan start {name}"],
        "removed": [again(deployment)],
    }.get(word, [f"modelscan wait {name}"])
    return BackendFailed(
        f"`{name}` is not ready: it is {word}",
        cause=[deployment.message] if deployment.message else [],
        hints=hints,
        details={"status": deployment.status},
    )


def deployments_of(settings: Settings, clock: Clock, targets: Mapping[str, str] | None = None) -> Deployments:
    """The deployments below the user's state folder. `targets` stand in for those of the registry."""
    return Deployments(site_of(settings, clock), targets or TARGETS)
