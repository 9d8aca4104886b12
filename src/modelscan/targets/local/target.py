"""This machine as a target."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from modelscan.dataclasses import dataclass
from modelscan.deployments.files import files_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.storage.logs.reading import LogLine, follow_log, read_log
from modelscan.targets.local.claims import claims_of
from modelscan.targets.local.observe import observe
from modelscan.targets.local.orphans import find_orphans, reap_orphans
from modelscan.targets.local.placement import placed
from modelscan.targets.site import Site

if TYPE_CHECKING:  # `list` needs none of it at run time
    from modelscan.model import Claim, Hardware
    from modelscan.targets.target import Orphan, Placement, ReadMachine, Target


@dataclass(frozen=True, slots=True)
class LocalTarget:
    """A supervisor of its own for each deployment. Methods import what `list` does not need."""

    site: Site
    is_local: bool = True

    def place(self, record: Record, among: Placement) -> Record:
        return placed(record, among)

    def start(self, record: Record, store: Store, *, weights_environment: Mapping[str, str]) -> Record:
        from modelscan.targets.local.start import start

        return start(record, store, self.site, weights_environment=weights_environment)

    def observe(self, record: Record, *, commanding: bool = False) -> Record:
        return observe(record, paths=self.site.paths, clock=self.site.clock, commanding=commanding)

    def stop(self, record: Record, store: Store, *, hardware: ReadMachine | None = None, rests: bool = False) -> Record:
        from modelscan.targets.local.stop import stop

        return stop(record, store, self.site, hardware=hardware, rests=rests)

    def forget(self, record: Record) -> None:
        from modelscan.targets.local.stop import forget

        forget(record, self.site)

    def logs(
        self, record: Record, *, tail: int | None, since: datetime | None, is_over: Callable[[], bool] | None
    ) -> Iterator[LogLine]:
        folder = files_of(self.site.paths, record.id).folder
        if is_over is None:
            return iter(read_log(folder, tail=tail, since=since))
        return follow_log(folder, tail=tail, since=since, is_over=is_over, clock=self.site.clock)

    def endpoint(self, record: Record) -> str | None:
        port = record.pinned.port
        return None if port is None else f"http://127.0.0.1:{port}"

    def claims(self, records: Sequence[Record], hardware: Hardware) -> tuple[Claim, ...]:
        return claims_of(records, hardware)

    def orphans(self, names: Mapping[str, str]) -> tuple[Orphan, ...]:
        return find_orphans(names, self.site.paths)

    def reap(self, names: Mapping[str, str]) -> tuple[Orphan, ...]:
        return reap_orphans(names, self.site.paths, linger=self.site.pace.linger, clock=self.site.clock)


def target(site: Site) -> Target:
    return LocalTarget(site)
