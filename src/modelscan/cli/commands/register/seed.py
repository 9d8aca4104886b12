"""`modelscan model seed`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.seeding import seed_first
from modelscan.cli.session import context_of
from modelscan.cli.views.registered import show_seeding


def seed(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, without doing it.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    output, context = Output(json=json, quiet=quiet), context_of(ctx)
    report, _ = seed_first(context, output, dry_run=dry_run)
    if not report.loaded and not report.skipped:
        seeding = context.settings.seed_models
        no_variable = f"no variable begins with {seeding.prefix}"
        output.say(f"Nothing to seed: {no_variable if seeding.enabled else 'seed_models.enabled is false'}")
    output.document(
        report, lambda printer: show_seeding(printer, report, dry_run=dry_run), (*report.created, *report.updated)
    )
    return 1 if report.failed else 0
