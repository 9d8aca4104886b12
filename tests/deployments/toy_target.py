"""A target in memory: one file, and a line in the registry. What runs there is a name in a dictionary."""

# ruff: noqa: ARG002  the Protocol names the arguments

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.ending import stopped
from modelscan.deployments.transitions.serving import became_ready
from modelscan.deployments.transitions.starting import starting
from modelscan.model import Claim, Hardware, Measured
from modelscan.storage.logs.reading import LogLine
from modelscan.system.clock import rfc3339
from modelscan.targets.site import Site
from modelscan.targets.target import Placement, ReadMachine, Target

RUNNING: dict[str, list[str]] = {}


@dataclass(frozen=True, slots=True)
class ToyTarget:
    site: Site
    is_local: bool = False

    def place(self, record: Record, among: Placement) -> Record:
        return record

    def start(self, record: Record, store: Store, *, weights_environment: Mapping[str, str]) -> Record:
        assert weights_environment == {}
        RUNNING[record.id] = [f"serving {record.spec.model}"]
        return store.write(starting(record, self._now()))

    def observe(self, record: Record, *, commanding: bool = False) -> Record:
        """It is ready as soon as somebody looks."""
        if record.id in RUNNING and record.status.current == "starting":
            return became_ready(record, self._now(), measured=Measured(), measured_bytes=None)
        return record

    def stop(self, record: Record, store: Store, *, hardware: ReadMachine | None = None, rests: bool = False) -> Record:
        RUNNING.pop(record.id, None)
        return store.write(stopped(record, self._now()))

    def forget(self, record: Record) -> None:
        RUNNING.pop(record.id, None)

    def logs(
        self, record: Record, *, tail: int | None, since: datetime | None, is_over: Callable[[], bool] | None
    ) -> Iterator[LogLine]:
        return iter([LogLine(self._now(), text) for text in RUNNING.get(record.id, [])])

    def endpoint(self, record: Record) -> str | None:
        return f"http://toy.example/{record.name}"

    def claims(self, records: Sequence[Record], hardware: Hardware) -> tuple[Claim, ...]:
        return ()

    def _now(self) -> str:
        return rfc3339(self.site.clock.now())


def target(site: Site) -> Target:
    return ToyTarget(site)
