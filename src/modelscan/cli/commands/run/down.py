"""`modelscan down`."""

from __future__ import annotations

from pathlib import Path

import typer

from modelscan.cli.bulk import run_bulk
from modelscan.cli.options.shared import DeclaredFile, Json, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.running.stop import stop_deployment
from modelscan.verbs.run.down import stop_gateway_too, to_stop


def down(ctx: typer.Context, file: DeclaredFile = None, json: Json = False, quiet: Quiet = False) -> int:
    context, output = context_of(ctx), Output(json=json, quiet=quiet)
    names = to_stop(context, file, folder=Path())
    if stop_gateway_too(context, file, folder=Path()):
        output.say("gateway  stopped")
    elif not names and not json and not quiet:
        output.say("Nothing to do.")
    return run_bulk(context, names, output, stop_deployment)
