"""Environment variables for clients, as shell lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import Printer

if TYPE_CHECKING:
    from modelscan.verbs.connect.env import ExportedEnv


def show_env(output: Output, exported: ExportedEnv) -> None:
    def lines(printer: Printer) -> None:
        for line in exported.lines:
            printer.line(line)

    output.document(exported.variables, lines)
