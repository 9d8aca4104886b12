"""What connecting a program changes, and what is left to do."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import Printer, printer_for
from modelscan.parsing.text import clean_line
from modelscan.running.connecting.client_files import FileChange
from modelscan.verbs.connect.connect import Connection

_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_LONGEST = 2_000


def show_difference(output: Output, changes: Sequence[FileChange]) -> None:
    """As talk: the answer is what became of it."""
    if not output.talks:
        return
    printer = printer_for(output.stderr)
    for change in changes:
        for line in change.difference:
            printer.line(_line(line), _STYLES.get(line[:1], ""))


def show_connection(printer: Printer, done: Connection) -> None:
    for file in done.files:
        if file.change != "unchanged":
            kept = f"; as it was before: {file.copy}" if file.copy else ""
            printer.line(f"{file.change} {file.path}{kept}")
    for line in done.lines:
        printer.line(line)


def say_steps(output: Output, done: Connection) -> None:
    """As talk too: where a client reads variables, stdout is for a shell to evaluate."""
    if done.steps:
        output.say("Next:")
        for step in done.steps:
            output.say(f"  {step}")


def show_printed(printer: Printer, done: Connection) -> None:
    """Only what can be pasted or evaluated; the names of files are comments."""
    for file in done.files:
        printer.line(f"# {file.path}", "dim")
        for line in (file.content or "").splitlines():
            printer.line(line)
    for line in done.lines:
        printer.line(line)


def _line(text: str) -> str:
    """Foreign text keeps its indentation, and steers no terminal."""
    body = text.lstrip(" ")
    return " " * (len(text) - len(body)) + clean_line(body, _LONGEST)
