"""Catalogs as text: their sources, the result of a refresh and its differences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from modelscan.cli.output.printer import Printer

if TYPE_CHECKING:
    from modelscan.catalog.refresh.difference import Change, Difference
    from modelscan.catalog.refresh.refresh import RefreshReport
    from modelscan.catalog.sources.state import SourceState
    from modelscan.model.results import Added

_MOST_IDS = 20
_FIELDS = {"pricing": "price", "limits": "limit"}


def show_sources(printer: Printer, states: Sequence[SourceState], today: date) -> None:
    printer.table(
        ("source", "records", "skipped", "data from", "age", "license", "address"),
        [
            (
                state.name,
                f"{state.records:,}",
                f"{sum(item.count for item in state.skipped):,}",
                state.fetched_at or state.date or "-",
                _age(state, today),
                state.license or "-",
                state.origin,
            )
            for state in states
        ],
        right=("records", "skipped", "age"),
        drop=("address", "license", "skipped"),
    )
    for state in states:
        if state.error:
            printer.item(f"{state.name}: the last refresh failed: {state.error}", "yellow", depth=0)
        for item in state.skipped:
            printer.item(f"{state.name}: {item.count} skipped: {item.reason}", "dim", depth=0)


def _age(state: SourceState, today: date) -> str:
    day = (state.fetched_at or state.date or "")[:10]
    return f"{(today - date.fromisoformat(day)).days} d" if day else "-"


def show_refresh(printer: Printer, report: RefreshReport) -> None:
    printer.table(
        ("source", "status", "records", "skipped", "note"),
        [
            (
                source.name,
                source.status,
                "-" if source.records is None else f"{source.records:,}",
                f"{sum(item.count for item in source.skipped):,}",
                source.error or "; ".join(f"{item.count} x {item.reason}" for item in source.skipped),
            )
            for source in report.sources
        ],
        right=("records", "skipped"),
    )
    printer.line(f"{report.models:,} models in the index")


def show_difference(printer: Printer, found: Difference) -> None:
    printer.line(f"{found.before or 'unknown'} -> {found.after or 'unknown'}", "dim")
    if not (found.new or found.gone or found.renamed or found.changed):
        printer.line("No differences")
        return
    for title, ids in (("Added", found.new), ("Removed", found.gone)):
        if ids:
            printer.line(f"{title}: {len(ids):,}", "bold")
            for model_id in ids[:_MOST_IDS]:
                printer.line(f"  {model_id}")
            _more(printer, len(ids))
    if found.renamed:
        printer.line(f"Renamed: {len(found.renamed):,}", "bold")
        for item in found.renamed[:_MOST_IDS]:
            printer.line(f"  {item.before} -> {item.after}")
        _more(printer, len(found.renamed))
    if found.changed:
        printer.line(f"Prices and limits: {len(found.changed):,}", "bold")
        printer.table(
            ("id", "figure", "before", "after"),
            [_change_row(change) for change in found.changed[:_MOST_IDS]],
            right=("before", "after"),
        )
        _more(printer, len(found.changed))


def _more(printer: Printer, count: int) -> None:
    if count > _MOST_IDS:
        printer.line(f"  and {count - _MOST_IDS:,} more; --json shows all", "dim")


def _change_row(change: Change) -> tuple[str, ...]:
    part, _, name = change.field.partition(".")
    figures = (_figure(part, value) for value in (change.before, change.after))
    return (change.id, f"{_FIELDS[part]} {name.replace('_', ' ')}", *figures)


def _figure(part: str, value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"${value:g}" if part == "pricing" else f"{value:,.0f}"


def show_added(printer: Printer, added: Added) -> None:
    word = "Wrote" if added.changed else "Unchanged:"
    printer.line(f"{word} {added.path}")
    for model_id in added.models:
        printer.line(f"  {model_id}")
