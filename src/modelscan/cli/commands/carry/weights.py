"""`modelscan weights list`, `remove` and `prune`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.asking import asker
from modelscan.cli.bulk import run_each
from modelscan.cli.options.shared import Json, Quiet, WeightsIds, Yes
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.weights import show_freed, show_removed, show_weights
from modelscan.verbs.carry import weights
from modelscan.verbs.carry.weights import Freed, prune_weights, remove_weights


def list_weights(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    output = Output(json=json, quiet=quiet)
    found = weights.list_weights(context_of(ctx))
    if not found:
        output.say("No weights on this machine. Download some: modelscan pull ID")
    output.document(found, lambda printer: show_weights(printer, found), (item.repo_id for item in found))


def remove(
    ctx: typer.Context,
    ids: WeightsIds,
    force: Annotated[
        bool, typer.Option("--force", help="Also delete weights that modelscan did not download.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    output = Output(json=json, quiet=quiet)
    context, ask = context_of(ctx), asker(output, yes=yes)

    def one(reference: str) -> Freed:
        return remove_weights(context, reference, force=force, ask=ask)

    return run_each(ids, output, one, kind=Freed, key="id", show=show_removed)


def prune(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be deleted, without deleting it.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    output = Output(json=json, quiet=quiet)
    freed = prune_weights(context_of(ctx), dry_run=dry_run, ask=asker(output, yes=yes))
    output.document(freed, lambda printer: show_freed(printer, freed), (item.repo_id for item in freed.weights))
