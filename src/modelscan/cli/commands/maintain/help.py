"""`modelscan help`: the help of the program or of a command."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from modelscan.cli.table import COMMANDS


def _complete(ctx: typer.Context, incomplete: str) -> list[str]:
    """The next word of a command."""
    inside = "".join(f"{word} " for word in ctx.params.get("command") or ())
    words = (path.removeprefix(inside) for path in COMMANDS if path.startswith(inside))
    return [word for word in words if " " not in word and word.startswith(incomplete)]


def help_(
    ctx: typer.Context,
    command: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[COMMAND]...",
            help="Command to show, such as catalog search.",
            autocompletion=_complete,
            show_default=False,
        ),
    ] = None,
) -> None:
    root: Any = ctx.find_root().command
    root(args=[*(command or []), "--help"], prog_name="modelscan", standalone_mode=False)
