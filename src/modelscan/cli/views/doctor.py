"""Findings of `doctor` as text."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.cli.output.printer import Printer
from modelscan.verbs.maintain.doctor import Check

_MARKS = {"ok": ("ok", "green"), "note": ("note", "cyan"), "problem": ("problem", "bold red")}


def show_report(printer: Printer, checks: Sequence[Check]) -> None:
    for check in checks:
        word, style = _MARKS[check.status]
        printer.labelled(word, f"{check.name}: {check.message}", style)
        for hint in check.hints:
            printer.line(f"    {hint}")
