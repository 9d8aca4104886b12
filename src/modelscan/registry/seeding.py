"""What a seeding does to the rows: makes what is new, and changes what nobody but a seed made (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from modelscan.dataclasses import dataclass, field
from modelscan.registry.seeds import FailedSeed, Seed, Seeds, SkippedSeed, warnings_of
from modelscan.registry.store import RegisteredRow

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedingReport:
    """What one seeding did. `loaded` counts the seeds that could be read, `skipped` are variables that are none."""

    loaded: int = 0
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    skipped: tuple[SkippedSeed, ...] = ()
    failed: tuple[FailedSeed, ...] = ()
    warnings: tuple[SkippedSeed, ...] = field(default=())


def seeded(seed: Seed, row: RegisteredRow | None, *, update_existing: bool) -> tuple[Outcome, RegisteredRow]:
    """A model that the user made or changed stays; one that seeds made changes where that is asked for."""
    entry = seed.entry
    if row is None:
        return "created", RegisteredRow(id=entry.id, seed=entry.stated)
    if row.own is not None or not update_existing or (row.id, row.seed) == (entry.id, entry.stated):
        return "unchanged", row
    return "updated", RegisteredRow(id=entry.id, seed=entry.stated)


def report_of(seeds: Seeds, outcomes: Mapping[str, Outcome]) -> SeedingReport:
    def those(outcome: Outcome) -> tuple[str, ...]:
        return tuple(name for name, found in outcomes.items() if found == outcome)

    return SeedingReport(
        loaded=len(seeds.loaded) + len(seeds.failed),
        created=those("created"),
        updated=those("updated"),
        unchanged=those("unchanged"),
        skipped=seeds.skipped,
        failed=seeds.failed,
        warnings=tuple(warnings_of(seeds)),
    )
