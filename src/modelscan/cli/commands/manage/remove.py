"""`modelscan remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.asking import asker
from modelscan.cli.bulk import run_bulk
from modelscan.cli.options.shared import Json, Names, Progress, Quiet, Yes
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.weights import freed_line
from modelscan.model import Deployment
from modelscan.model.events import Report
from modelscan.running.stop import remove_deployment
from modelscan.selecting.context import Context
from modelscan.verbs.carry.weights import purge_for


def remove(
    ctx: typer.Context,
    names: Names,
    purge_weights: Annotated[
        bool, typer.Option("--purge-weights", help="Also delete their weights, unless another deployment needs them.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="With --purge-weights: also delete weights that modelscan did not download.")
    ] = False,
    progress: Progress = None,
    yes: Yes = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    context, output = context_of(ctx), Output(json=json, quiet=quiet, progress=progress)
    if not purge_weights:
        return run_bulk(context, names, output, remove_deployment)
    purge = purge_for(context, names, force=force, ask=asker(output, yes=yes))

    def remove_and_purge(context: Context, name: str, report: Report) -> Deployment:
        removed = remove_deployment(context, name, report)
        freed = purge(removed)
        if freed is not None:
            output.say(freed_line(freed))
        return removed

    return run_bulk(context, names, output, remove_and_purge)
