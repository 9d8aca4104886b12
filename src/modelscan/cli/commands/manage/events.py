"""`modelscan events`: what happened to the deployments."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.complete import complete_deployment
from modelscan.cli.options.shared import Json
from modelscan.cli.output.output import Output
from modelscan.cli.session import context_of
from modelscan.cli.signals import until_interrupted
from modelscan.cli.views.events import show_events, stream_events
from modelscan.verbs.manage.events import follow_events, past_events


def events(
    ctx: typer.Context,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="Name or id of a deployment; all deployments by default.",
            autocompletion=complete_deployment,
            show_default=False,
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Follow new events until Ctrl-C; with --json one object per line.")
    ] = False,
    json: Json = False,
) -> None:
    context = context_of(ctx)
    output = Output(json=json)
    if follow:
        with until_interrupted(reported=output.json):
            stream_events(output, follow_events(context, name))
        return
    found = past_events(context, name)
    if not found:
        output.say("No events yet.")
    output.document(found, lambda printer: show_events(printer, found))
