"""`modelscan logs`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Json, Name
from modelscan.cli.output.output import Output, to_json
from modelscan.cli.session import context_of
from modelscan.cli.signals import until_interrupted
from modelscan.verbs.manage.logs import log_lines


def logs(
    ctx: typer.Context,
    name: Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Follow the log.")] = False,
    tail: Annotated[
        int | None,
        typer.Option("--tail", "-n", min=0, metavar="N", help="Number of lines to show from the end of the log."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="10m|TIME", help="Show only lines since a time or a duration ago, such as 10m."
        ),
    ] = None,
    json: Json = False,
) -> None:
    with until_interrupted(reported=json or not follow):
        lines = log_lines(context_of(ctx), name, follow=follow, tail=tail, since=since)
        if json and not follow:
            Output(json=True).document(list(lines), lambda _: None)
            return
        for line in lines:
            typer.echo(to_json(line) if json else f"{line.at} {line.text}".strip())
