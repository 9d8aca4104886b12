"""`modelscan logs`."""

from __future__ import annotations

from typing import Annotated

import typer

from modelscan.cli.options.shared import Name
from modelscan.cli.session import context_of
from modelscan.cli.signals import until_interrupted
from modelscan.verbs.manage.logs import log_lines


def logs(
    ctx: typer.Context,
    name: Name,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", "-n", min=0, metavar="N", help="Only the last N lines.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="10m|TIME", help="Only from then on: 30s, 10m, 2h, or a time.")
    ] = None,
) -> None:
    with until_interrupted(told=not follow):
        for line in log_lines(context_of(ctx), name, follow=follow, tail=tail, since=since):
            typer.echo(line)
