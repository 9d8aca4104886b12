"""Seeding: from the variables to the rows, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from modelscan.dataclasses import replace
from modelscan.registry.seeding import Outcome, SeedingReport, report_of, seeded
from modelscan.registry.seeds import Seed, Seeds, read_seeds
from modelscan.registry.store import RegisteredRow, RegistryStore
from modelscan.settings.reading import Settings
from modelscan.system.clock import Clock, rfc3339


def seed_models(settings: Settings, clock: Clock, *, dry_run: bool = False) -> tuple[SeedingReport, dict[str, str]]:
    """Register what the variables hold: what was done, and the names of the models by id. Where there are no seeds,
    or seeding is off, nothing is opened.

    Raises StateDamaged, StateTooNew, StorageFailed; nothing was changed then.
    """
    seeds = _seeds(settings)
    if not seeds.loaded:
        return report_of(seeds, {}), {}
    outcomes: dict[str, Outcome] = {}
    names = {seed.entry.id: str(seed.entry.stated["name"]) for seed in seeds.loaded}
    if dry_run:
        found = {seed.entry.id: outcome for seed, outcome, _ in _would_be(settings, seeds, clock)}
        return report_of(seeds, found), names
    update = settings.seed_models.update_existing

    def change(seed: Seed, row: RegisteredRow | None) -> RegisteredRow:
        outcomes[seed.entry.id], after = seeded(seed, row, update_existing=update)
        return after

    with RegistryStore(settings.paths, clock) as store:
        store.change_all({seed.entry.id: partial(change, seed) for seed in seeds.loaded})
    return report_of(seeds, outcomes), names


def rows_to_seed(settings: Settings, clock: Clock) -> dict[str, RegisteredRow]:
    """The rows that a seeding would write now, by their key. Raises as `seed_models`."""
    seeds = _seeds(settings)
    return {row.key: row for _, outcome, row in _would_be(settings, seeds, clock) if outcome != "unchanged"}


def _seeds(settings: Settings) -> Seeds:
    return read_seeds(settings.seed_variables if settings.seed_models.enabled else {})


def _would_be(settings: Settings, seeds: Seeds, clock: Clock) -> Iterator[tuple[Seed, Outcome, RegisteredRow]]:
    with RegistryStore.for_reading(settings.paths, clock) as store:
        rows = store.rows()
    now = rfc3339(clock.now())
    for seed in seeds.loaded:
        before = rows.get(seed.entry.id.casefold())
        outcome, row = seeded(seed, before, update_existing=settings.seed_models.update_existing)
        yield seed, outcome, replace(row, created_at=before.created_at if before else now, updated_at=now)
