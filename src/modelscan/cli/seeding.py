"""Seeding from a command: what it did, and its lines on stderr."""

from __future__ import annotations

from modelscan.cli.output.output import Output
from modelscan.registry.seeding import SeedingReport
from modelscan.selecting.context import Context
from modelscan.verbs.register.seed import seed_models


def seed_first(context: Context, output: Output, *, dry_run: bool = False) -> tuple[SeedingReport, tuple[str, ...]]:
    """Register the models of the seed variables; its lines go to stderr as they are, with `--json` to the log alone.

    For the commands that begin with it. Returns the lines too. Raises StateDamaged, StateTooNew, StorageFailed.
    """
    report, lines = seed_models(context, dry_run=dry_run)
    if not output.json:
        output.stderr.write("".join(f"{line}\n" for line in lines))
        output.stderr.flush()
    return report, lines
