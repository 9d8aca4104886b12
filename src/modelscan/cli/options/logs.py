"""Options of commands that print a log."""

from __future__ import annotations

from typing import Annotated

import typer

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Follow the log.")]
Tail = Annotated[
    int | None,
    typer.Option("--tail", "-n", min=0, metavar="N", help="Number of lines to show from the end of the log."),
]
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="10m|TIME", help="Show only lines since a time or a duration ago, such as 10m."),
]
