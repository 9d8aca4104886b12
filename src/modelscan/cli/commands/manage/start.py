"""`modelscan start` and `modelscan restart`."""

from __future__ import annotations

import typer

from modelscan.cli.bulk import run_bulk
from modelscan.cli.options.shared import Json, Names, Progress, Quiet, StartTimeout
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.running.start import start_deployment
from modelscan.verbs.manage.restart import restart_deployment


def start(
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
