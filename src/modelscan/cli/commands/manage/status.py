"""`modelscan status`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Name, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.deployments import show_deployment
from modelscan.deployments.again import runnable
from modelscan.targets.deployments import not_ready


def status(
    ctx: typer.Context,
    name: Name,
    check: Annotated[bool, typer.Option("--check", help="Exit with 7 unless it is ready.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    output = Output(json=json, quiet=quiet)
    found = context_of(ctx).deployments.now(name)
    hints = runnable(found, found.error_hints)
    output.document(found, lambda printer: show_deployment(printer, found, hints=hints), [found.status])
    if check and found.status != "ready":
        raise not_ready(found)
    return 0
