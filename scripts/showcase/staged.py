"""A target whose deployments are just as their records say: nothing runs."""

# ruff: noqa: ARG002  the Protocol names the arguments

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from modelscan.dataclasses import dataclass
from modelscan.deployments.claims import claimed_of
from modelscan.deployments.files import files_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.model import Claim, Hardware
from modelscan.storage.logs.reading import LogLine, follow_log, read_log
from modelscan.targets.site import Site
from modelscan.targets.target import Placement, ReadMachine, Target

_HOLDING = {"ready": 0.97, "starting": 0.55}


@dataclass(frozen=True, slots=True)
class StagedTarget:
    site: Site
    is_local: bool = True

    def place(self, record: Record, among: Placement) -> Record:
        return record

    def start(self, record: Record, store: Store, *, weights_environment: Mapping[str, str]) -> Record:
        return record

    def observe(self, record: Record, *, commanding: bool = False) -> Record:
        return record

    def stop(self, record: Record, store: Store, *, hardware: ReadMachine | None = None, rests: bool = False) -> Record:
        return record

    def forget(self, record: Record) -> None:
        """There is nothing."""

    def logs(
        self, record: Record, *, tail: int | None, since: datetime | None, is_over: Callable[[], bool] | None
    ) -> Iterator[LogLine]:
        folder = files_of(self.site.paths, record.id).folder
        if is_over is None:
            return iter(read_log(folder, tail=tail, since=since))
        return follow_log(folder, tail=tail, since=since, is_over=is_over, clock=self.site.clock)

    def endpoint(self, record: Record) -> str | None:
        return record.pinned.base_url

    def claims(self, records: Sequence[Record], hardware: Hardware) -> tuple[Claim, ...]:
        return tuple(
            Claim(
                deployment=record.name,
                gpu_index=index,
                claimed_bytes=size,
                outstanding_bytes=round(size * (1 - _HOLDING.get(record.status.current, 0.0))),
            )
            for record in records
            if record.is_live
            for index, size in claimed_of(record).items()
        )


def target(site: Site) -> Target:
    return StagedTarget(site)
