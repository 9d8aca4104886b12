"""`modelscan help`: the help of the program or of a command."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def help_(
    ctx: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="[COMMAND]...", help="Command to show, such as catalog search.", show_default=False),
    ] = None,
) -> None:
    root: Any = ctx.find_root().command
    root(args=[*(command or []), "--help"], prog_name="modelscan", standalone_mode=False)
