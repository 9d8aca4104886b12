"""Questions: only on a terminal; `--yes` says yes ahead; a script is never left waiting."""

from __future__ import annotations

import sys
from collections.abc import Callable

import typer

from modelscan.cli.output import Output

Ask = Callable[[str], bool | None]


def asker(output: Output, *, yes: bool, default: bool = True) -> Ask:
    """A function from a question to True or False, or to None where nobody can be asked.

    `default` is what a bare Enter means: no, where something is lost or let in.
    """

    def ask(question: str) -> bool | None:
        if yes:
            return True
        if output.json or not (sys.stdin.isatty() and output.stderr.isatty()):
            return None
        return typer.confirm(question, default=default, err=True)

    return ask
