"""`modelscan wait`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.bulk import run_bulk
from modelscan.cli.options.shared import Json, Names, Progress, Quiet, StartTimeout
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.model.words import WaitFor
from modelscan.verbs.manage.wait import wait_for


def wait(
    ctx: typer.Context,
    names: Names,
    for_: Annotated[WaitFor, typer.Option("--for", case_sensitive=False, help="Status to wait for.")] = "ready",
    timeout: StartTimeout = None,
    progress: Progress = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    return run_bulk(
        context_of(ctx),
        names,
        Output(json=json, quiet=quiet, progress=progress),
        lambda context, name, report: wait_for(context, name, for_, timeout, report),
    )
