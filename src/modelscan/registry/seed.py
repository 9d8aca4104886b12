"""Seeding: from the variables to the rows, in one transaction."""

from __future__ import annotations

from functools import partial

from modelscan.registry.seeding import Outcome, SeedingReport, report_of, seeded
from modelscan.registry.seeds import Seed, read_seeds
from modelscan.registry.store import RegisteredRow, RegistryStore
from modelscan.settings.reading import Settings
from modelscan.system.clock import Clock


def seed_models(settings: Settings, clock: Clock, *, dry_run: bool = False) -> tuple[SeedingReport, dict[str, str]]:
    """Register what the variables hold: what was done, and the names of the models by id. Where there are no seeds,
    or seeding is off, nothing is opened.

    Raises StateDamaged, StateTooNew, StorageFailed; nothing was changed then.
    """
    variables = settings.seed_variables if settings.seed_models.enabled else {}
    seeds = read_seeds(variables)
    if not seeds.loaded:
        return report_of(seeds, {}), {}
    outcomes: dict[str, Outcome] = {}
    update = settings.seed_models.update_existing

    def change(seed: Seed, row: RegisteredRow | None) -> RegisteredRow:
        outcomes[seed.entry.id], after = seeded(seed, row, update_existing=update)
        return after

    if dry_run:
        with RegistryStore.for_reading(settings.paths, clock) as store:
            rows = store.rows()
        for seed in seeds.loaded:
            change(seed, rows.get(seed.entry.id.casefold()))
    else:
        with RegistryStore(settings.paths, clock) as store:
            store.change_all({seed.entry.id: partial(change, seed) for seed in seeds.loaded})
    names = {seed.entry.id: str(seed.entry.stated["name"]) for seed in seeds.loaded}
    return report_of(seeds, outcomes), names
