"""`modelscan stop`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.bulk import run_bulk
from modelscan.cli.options.shared import Json, OptionalNames, Progress, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.running.stop import stop_deployment


def stop(
    ctx: typer.Context,
    names: OptionalNames = None,
    all_: Annotated[bool, typer.Option("--all", "-a", help="Stop all running deployments.")] = False,
    progress: Progress = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    context = context_of(ctx)
    chosen = list(context.deployments.live_names()) if all_ else names or []
    if not chosen and not all_:
        raise typer.BadParameter("name the deployments to stop, or use --all", param_hint="NAME")
    return run_bulk(context, chosen, Output(json=json, quiet=quiet, progress=progress), stop_deployment)
