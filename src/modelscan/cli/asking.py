"""Questions: asked only on a terminal and answered by `--yes`; a script is never left waiting."""

from __future__ import annotations

import sys

import typer

from modelscan.cli.output.output import Output
from modelscan.model.events import Ask


def asker(output: Output, *, yes: bool) -> Ask:
    """Ask on a terminal; `yes` answers every question."""

    def ask(question: str, /, *, default: bool = True) -> bool | None:
        if yes:
            return True
        if output.json or not (sys.stdin.isatty() and output.stderr.isatty()):
            return None
        return typer.confirm(question, default=default, err=True)

    return ask
