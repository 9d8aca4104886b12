"""Models and catalogs as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelscan.cli.printer import Printer
from modelscan.model import Model, Weights
from modelscan.units import format_bytes, format_count, format_tokens

if TYPE_CHECKING:
    from modelscan.catalog.refresh import RefreshReport
    from modelscan.catalog.sourcestate import SourceState

_MOST_ALIASES = 12


def show_models(printer: Printer, models: Sequence[Model]) -> None:
    if not models:
        return
    printer.table(
        ("id", "task", "params", "context", "weights", "license"),
        [_row(model) for model in models],
        right=("params", "context"),
    )


def _row(model: Model) -> tuple[str, ...]:
    return (
        model.id,
        model.task,
        format_count(model.parameters) if model.parameters else "-",
        format_tokens(model.limits.context) if model.limits.context else "-",
        _weights_word(model),
        model.license or "-",
    )


def _weights_word(model: Model) -> str:
    if model.weights:
        return model.weights[0].repo_id
    return {True: "open, repo unknown", False: "closed", None: "unknown"}[model.open_weights]


def show_model(printer: Printer, model: Model) -> None:
    printer.line(f"{model.id}  {model.name}", "bold")
    printer.line()
    active = f", {format_count(model.active_parameters)} active" if model.active_parameters else ""
    rows = [
        ("Task", model.task),
        ("Owner", model.owner or "unknown"),
        ("Family", model.family or "unknown"),
        ("Parameters", f"{format_count(model.parameters)}{active}"),
        ("Context", f"{format_tokens(model.limits.context)} tokens" if model.limits.context else "unknown"),
        ("License", model.license or "unknown"),
        ("Weights", {True: "open", False: "closed", None: "unknown"}[model.open_weights]),
        ("Released", model.release_date or "unknown"),
        ("Can", ", ".join(_capabilities(model)) or "unknown"),
        ("Hosted price", _price(model)),
    ]
    printer.pairs(rows)
    if model.weights:
        printer.line()
        printer.line("Weights", "bold")
        printer.table(("source", "repo", "quantization", "size", "official"), [_weights_row(w) for w in model.weights])
    if model.open_alternatives:
        printer.line()
        printer.line("Open alternatives", "bold")
        for other in model.open_alternatives:
            printer.line(f"  {other}")
    if model.aliases:
        printer.line()
        shown = ", ".join(model.aliases[:_MOST_ALIASES])
        more = len(model.aliases) - _MOST_ALIASES
        printer.line(f"Also known as: {shown}{f' and {more} more' if more > 0 else ''}")
    if model.conflicts:
        printer.line()
        printer.line("Sources disagree", "bold")
        for name, values in model.conflicts.items():
            printer.line(f"  {name}: {_said(values)}")
    if model.provenance:
        printer.line()
        sources = {source.partition(" (")[0] for source in model.provenance.values()}
        printer.line(f"From: {', '.join(sorted(sources))}; the source of each field: --json", "dim")


def _said(values: object) -> str:
    """`64,000 (8 say so), 128,000 (2)`: what the sources say, the most often said first."""
    if not isinstance(values, list | tuple):
        return str(values)
    return ", ".join(
        f"{_plain(item['value'])} ({item['count']})" if isinstance(item, dict) else str(item) for item in values
    )


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _capabilities(model: Model) -> list[str]:
    can = model.capabilities
    named = {
        "call tools": can.tool_call,
        "reason": can.reasoning,
        "read attachments": can.attachment,
        "keep to a schema": can.structured_output,
    }
    return [name for name, able in named.items() if able]


def _price(model: Model) -> str:
    if model.pricing.input is None and model.pricing.output is None:
        return "unknown"
    return f"${model.pricing.input} in, ${model.pricing.output} out, per million tokens"


def _weights_row(weights: Weights) -> tuple[str, ...]:
    official = {True: "yes", False: "no", None: "unknown"}[weights.official]
    size = format_bytes(weights.size_bytes) if weights.size_bytes else "-"
    return (weights.source, weights.repo_id, weights.quantization or "-", size, official)


def show_sources(printer: Printer, states: Sequence[SourceState]) -> None:
    printer.table(
        ("source", "records", "skipped", "date", "license", "origin"),
        [
            (
                state.name,
                f"{state.records:,}",
                f"{sum(item.count for item in state.skipped):,}",
                state.fetched_at or state.date or "-",
                state.license or "-",
                state.origin,
            )
            for state in states
        ],
        right=("records", "skipped"),
    )


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
