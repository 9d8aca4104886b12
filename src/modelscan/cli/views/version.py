"""`--version`."""

from __future__ import annotations

from modelscan import __version__
from modelscan.cli.output.output import Output

SCHEMA_VERSION = 1


def show_version(output: Output) -> None:
    document = {"version": __version__, "schema_version": SCHEMA_VERSION}
    output.document(document, lambda printer: printer.line(f"modelscan {__version__}"))
