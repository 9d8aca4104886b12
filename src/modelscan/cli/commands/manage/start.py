"""`modelscan start` and `modelscan restart`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.bulk import run_bulk
from modelscan.cli.options.shared import Json, Names, OptionalNames, Progress, Quiet, StartTimeout
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.running.start import start_deployment
from modelscan.verbs.manage.restart import restart_deployment


def start(
    ctx: typer.Context,
    names: OptionalNames = None,
    all_: Annotated[
        bool, typer.Option("--all", "-a", help="Start all that are stopped or failed, in the order of their creation.")
    ] = False,
    timeout: StartTimeout = None,
    progress: Progress = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    context, output = context_of(ctx), Output(json=json, quiet=quiet, progress=progress)
    chosen = names or []
    if all_:
        chosen = [item.name for item in context.deployments.list() if not item.is_live]
        output.say(f"starting {', '.join(chosen)}" if chosen else "no deployment is stopped")
    elif not chosen:
        raise typer.BadParameter("name the deployments to start, or use --all", param_hint="NAME")
    return run_bulk(
        context,
        chosen,
        output,
        lambda context, name, report: start_deployment(context, name, timeout=timeout, report=report),
    )


def restart(
    ctx: typer.Context,
    names: Names,
    timeout: StartTimeout = None,
    progress: Progress = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    return run_bulk(
        context_of(ctx),
        names,
        Output(json=json, quiet=quiet, progress=progress),
        lambda context, name, report: restart_deployment(context, name, timeout=timeout, report=report),
    )
