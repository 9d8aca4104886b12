"""What a target does: the same operations, wherever deployments run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from modelscan.dataclasses import dataclass
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.model import Claim, Hardware
from modelscan.model.events import Report
from modelscan.storage.logs.reading import LogLine

ReadMachine = Callable[[], Hardware]


@dataclass(frozen=True, kw_only=True, slots=True)
class Orphan:
    """A process that its supervisor left behind. `name` is None when the record is gone too."""

    deployment: str
    name: str | None
    pid: int
    program: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """What a record is placed among.

    `port` is the requested one, `first_port` where the search for another begins, `ports` maps ports to their owners.
    `claims` are those of all others that live; `replacing` ends before this one starts; without `needs_memory` it
    starts later.
    """

    port: int | None
    first_port: int
    ports: Mapping[int, str]
    replacing: Record | None
    hardware: ReadMachine
    claims: Callable[[Hardware], Sequence[Claim]]
    needs_memory: bool = True


class Target(Protocol):
    """Where deployments run. What a method does to a record it writes into the `store` that it is given.

    Whoever calls `start`, `stop` or `forget` holds the record's command lock.
    """

    @property
    def is_local(self) -> bool:
        """Whether it runs on this machine: then environment, weights and command line are prepared before a start."""
        ...

    def place(self, record: Record, among: Placement) -> Record:
        """The record with its address, once what it claims is available; nothing is written.

        Raises Conflict (`details["taken"]` is `memory` where another plan may help).
        """
        ...

    def start(self, record: Record, store: Store, *, weights_environment: Mapping[str, str]) -> Record:
        """Start its pinned plan, and return without waiting until it is ready. A running one is left unchanged.

        `weights_environment` tells the backend where its weights are; it is never stored.
        """
        ...

    def observe(self, record: Record, *, commanding: bool = False) -> Record:
        """The record with the status that the target confirms; nothing is written.

        `commanding`: the caller holds the command lock, so no other command works on it.
        """
        ...

    def stop(self, record: Record, store: Store, *, hardware: ReadMachine | None = None, rests: bool = False) -> Record:
        """End all of it, and return when nothing is left. `rests`: it may sleep instead, if it can.

        `hardware` is asked until its memory is free again, where it took some of this machine's.
        """
        ...

    def forget(self, record: Record) -> None:
        """Delete what it leaves: it is stopped and marked as removed."""
        ...

    def logs(
        self, record: Record, *, tail: int | None, since: datetime | None, is_over: Callable[[], bool] | None
    ) -> Iterator[LogLine]:
        """What its backend wrote, oldest first; with `is_over` also what it writes until then."""
        ...

    def endpoint(self, record: Record) -> str | None:
        """Its base URL, without a path; None while it has none."""
        ...

    def claims(self, records: Sequence[Record], hardware: Hardware) -> tuple[Claim, ...]:
        """What observed records of this target claim of this machine's memory."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptWeights:
    """The weights that a target keeps of a record's model; `is_ours` where modelscan had them fetched."""

    size_bytes: int
    is_ours: bool


@runtime_checkable
class Hosts(Protocol):
    """A target whose own program has models, by names of its own: nothing is resolved, planned or installed here."""

    def choose(self, name: str) -> tuple[str, ...]:
        """The names by which it takes this model, the whole one first and the shortest last.

        Raises Usage for one that it does not run itself, and SourceUnavailable where its program does not answer.
        """
        ...

    def fetch(self, record: Record, store: Store, report: Report) -> Record:
        """Have its program fetch the model where it is missing, and pin what it says of it.

        Raises ModelNotFound, SourceUnavailable.
        """
        ...

    def kept(self, record: Record, store: Store) -> KeptWeights | None:
        """None where it does not have the model. Raises SourceUnavailable."""
        ...

    def purge(self, record: Record, store: Store) -> None:
        """Have its program delete the model; whoever fetches it from now on, no record says any more that it was us.

        Raises SourceUnavailable.
        """
        ...


def host_in(target: Target) -> Hosts | None:
    """The target, where it is such a one."""
    return target if isinstance(target, Hosts) else None


@runtime_checkable
class Reaps(Protocol):
    """A target whose processes may outlive their owner."""

    def orphans(self, names: Mapping[str, str]) -> tuple[Orphan, ...]:
        """`names` are those of the known deployments, by id; none where the records cannot be read."""
        ...

    def reap(self, names: Mapping[str, str]) -> tuple[Orphan, ...]:
        """End them; returns those that are still there."""
        ...
