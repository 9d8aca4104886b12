"""`modelscan status`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Name, Quiet
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.views.deployments import show_deployment
from modelscan.deployments.again import runnable
from modelscan.running.stale_routes import drop_stale_routes
from modelscan.targets.deployments import not_ready


def status(
    ctx: typer.Context,
    name: Name,
    check: Annotated[bool, typer.Option("--check", help="Exit with status 7 unless the deployment is ready.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    output = Output(json=json, quiet=quiet)
    context = context_of(ctx)
    found = context.deployments.now(name)
    if found.status != "ready":
        drop_stale_routes(context, (), among=[found.name])
    hints = runnable(found, found.error_hints)
    output.document(found, lambda printer: show_deployment(printer, found, hints=hints), [found.name])
    if check and found.status != "ready":
        raise not_ready(found)
    return 0
