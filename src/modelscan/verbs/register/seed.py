"""`model seed`; `up`, `gateway start` and `api start` run it first."""

from __future__ import annotations

from modelscan.dataclasses import replace
from modelscan.errors import StorageFailed
from modelscan.registry import seed
from modelscan.registry.registered import registered_models
from modelscan.registry.seeding import SeedingReport
from modelscan.registry.seeding_log import keep_lines
from modelscan.registry.telling import seeding_lines, unkept_line
from modelscan.running.routes import update_upstreams
from modelscan.selecting.context import Context


def as_if_seeded(context: Context) -> Context:
    """For a dry run: with the models that a seeding would make now, and nothing written.

    Raises StateDamaged, StateTooNew, StorageFailed.
    """
    rows = seed.rows_to_seed(context.settings, context.clock)
    return replace(context, settings=replace(context.settings, as_if_registered=rows))


def seed_models(context: Context, *, dry_run: bool = False) -> tuple[SeedingReport, tuple[str, ...]]:
    """Register the models that the seed variables hold: what was done, and the lines that tell of it, which the log
    has too. Raises StateDamaged, StateTooNew, StorageFailed; nothing was changed then.
    """
    report, names = seed.seed_models(context.settings, context.clock, dry_run=dry_run)
    if not dry_run and (touched := {*report.created, *report.updated}):
        models = registered_models(context.settings).all
        update_upstreams(context, *(models[name.casefold()].model for name in touched))
    lines = tuple(seeding_lines(report, names, dry_run=dry_run))
    if not dry_run:
        try:
            keep_lines(lines, context.settings.paths, context.clock)
        except StorageFailed as error:  # what was seeded is seeded
            lines = (*lines, unkept_line(error.message))
    return report, lines
