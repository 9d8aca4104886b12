"""`modelscan weights`: what is on this machine, and taking it away."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.asking import asker
from modelscan.cli.options.complete import complete_weights
from modelscan.cli.options.shared import Json, Quiet, Yes
from modelscan.cli.output.output import Output
from modelscan.cli.session import session

app = typer.Typer(help="Show, check and remove the weights on this machine.", no_args_is_help=True)

Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...", help="Repos, or models by name.", autocompletion=complete_weights, show_default=False
    ),
]


@app.command("list")
def list_(ctx: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """List the weights on this machine: how big, brought by whom, used by which deployment."""
    from modelscan.cli.views.weights import show_weights
    from modelscan.verbs.carry.weights import list_weights

    output = Output(json=json, quiet=quiet)
    found = list_weights(session(ctx).context)
    if not found:
        output.say("No weights are here. Get some: modelscan pull ID")
    output.document(found, lambda printer: show_weights(printer, found), (item.repo_id for item in found))


@app.command("verify")
def verify(ctx: typer.Context, ids: Ids, json: Json = False, quiet: Quiet = False) -> int:
    """Read weights again and compare them with their hub's hashes."""
    from modelscan.cli.bulk import run_each
    from modelscan.cli.output.live import DeployView
    from modelscan.cli.views.weights import show_verified
    from modelscan.verbs.carry.verify import Verification, verify_weights

    output, context = Output(json=json, quiet=quiet), session(ctx).context

    def one(reference: str) -> Verification:
        with DeployView(output, context.clock) as view:
            return verify_weights(context, reference, view.report)

    return run_each(ids, output, one, kind=Verification, key="id", show=show_verified)


@app.command("remove")
def remove(
    ctx: typer.Context,
    ids: Ids,
    force: Annotated[bool, typer.Option("--force", help="Also what modelscan did not download.")] = False,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Delete weights that no deployment needs."""
    from modelscan.cli.bulk import run_each
    from modelscan.cli.views.weights import show_removed
    from modelscan.verbs.carry.weights import Freed, remove_weights

    output = Output(json=json, quiet=quiet)
    context, ask = session(ctx).context, asker(output, yes=yes)

    def one(reference: str) -> Freed:
        return remove_weights(context, reference, force=force, ask=ask)

    return run_each(ids, output, one, kind=Freed, key="id", show=show_removed)


@app.command("prune")
def prune(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it would free, do nothing.")] = False,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Delete what modelscan downloaded and no deployment needs."""
    from modelscan.cli.views.weights import show_freed
    from modelscan.verbs.carry.weights import prune_weights

    output = Output(json=json, quiet=quiet)
    freed = prune_weights(session(ctx).context, dry_run=dry_run, ask=asker(output, yes=yes))
    output.document(freed, lambda printer: show_freed(printer, freed), (item.repo_id for item in freed.weights))
