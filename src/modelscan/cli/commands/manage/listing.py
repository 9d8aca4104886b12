"""`modelscan list` and `modelscan ps`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Quiet
from modelscan.cli.options.words import one_of
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.signals import until_interrupted
from modelscan.cli.views.deployments import show_deployments, watch_deployments
from modelscan.model import Deployment
from modelscan.model.words import Status
from modelscan.running.stale_routes import drop_stale_routes

StatusOption = Annotated[
    Status | None,
    typer.Option(
        "--status", metavar="STATUS", case_sensitive=False, help=f"Only deployments with this status: {one_of(Status)}."
    ),
]
Watch = Annotated[bool, typer.Option("--watch", help="Update the list until Ctrl-C.")]


def list_deployments(
    ctx: typer.Context,
    status: StatusOption = None,
    all_: Annotated[bool, typer.Option("--all", "-a", help="Show stopped deployments too (the default).")] = False,  # noqa: ARG001
    removed: Annotated[bool, typer.Option("--removed", help="Also show removed deployments.")] = False,
    watch: Watch = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    _list(ctx, Output(json=json, quiet=quiet), status=status, removed=removed, watch=watch, live_only=False)


def ps(
    ctx: typer.Context,
    status: StatusOption = None,
    watch: Watch = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    _list(ctx, Output(json=json, quiet=quiet), status=status, removed=False, watch=watch, live_only=True)


def _list(
    ctx: typer.Context, output: Output, *, status: Status | None, removed: bool, watch: bool, live_only: bool
) -> None:
    context = context_of(ctx)

    def read() -> list[Deployment]:
        shown = context.deployments.list(status=status, removed=removed, live_only=live_only)
        if status is None:
            drop_stale_routes(context, [item.name for item in shown if item.status == "ready"])
        return shown

    if watch:
        with until_interrupted():
            watch_deployments(output, context.clock, read)
        return
    found = read()
    if not found:
        output.say("No deployments. Start one: modelscan deploy demo")
    output.document(
        found, lambda printer: show_deployments(printer, found, context.clock.now()), (item.name for item in found)
    )
