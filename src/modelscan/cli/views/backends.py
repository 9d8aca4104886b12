"""Installed backends as text."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.cli.output.printer import Printer
from modelscan.model import Installation
from modelscan.units import format_bytes


def show_installations(printer: Printer, installations: Sequence[Installation]) -> None:
    if not installations:
        return
    printer.table(
        ("backend", "version", "for", "installed by", "path"),
        [
            (_called(item), item.version or "unknown", item.device, "modelscan" if item.managed else "you", item.path)
            for item in installations
        ],
        drop=("installed by", "for"),
    )


def _called(item: Installation) -> str:
    return f"{item.backend} for {item.variant}" if item.variant else item.backend


def show_installed(printer: Printer, installation: Installation) -> None:
    size = f", {format_bytes(installation.size_bytes)}" if installation.size_bytes else ""
    printer.line(f"Installed {_called(installation)} {installation.version} for {installation.device}{size}")
    printer.line(f"  from {installation.origin}")
    printer.line(f"  in {installation.path}")
    for lack in installation.lacks:
        printer.line(f"  without {lack}")


def show_installation(printer: Printer, installation: Installation) -> None:
    rows = [
        ("Backend", f"{_called(installation)} {installation.version or 'unknown'}"),
        ("Built for", installation.device),
        ("Installed by", "modelscan" if installation.managed else "you; modelscan never changes it"),
        ("Origin", installation.origin or "unknown"),
        ("Path", installation.path),
        ("Program", installation.program),
        ("Python", installation.python or "unknown"),
        ("Size", format_bytes(installation.size_bytes)),
        *(("Without", lack) for lack in installation.lacks),
    ]
    printer.pairs(rows)
    if installation.requirements:
        printer.line()
        printer.table(("package", "version"), sorted(installation.requirements.items()))
