"""Routes as text."""

from __future__ import annotations

from modelscan.cli.output.printer import Printer
from modelscan.model.results import Routes


def show_routes(printer: Printer, found: Routes) -> None:
    if not found.routes:
        printer.line(f"No routes in {found.file}. Each ready deployment gets one.")
        return
    printer.table(
        ("name", "base url", "model", "managed by"),
        [(item.name, item.base_url, item.model, "modelscan" if item.managed else "you") for item in found.routes],
        drop=("managed by", "model"),
    )
    printer.line(f"in {found.file}", "dim")
