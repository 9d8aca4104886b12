"""What `up` does, and how it ended, as text."""

from __future__ import annotations

from collections.abc import Iterable

from modelscan.cli.output.printer import Printer
from modelscan.model.results import Up, UpAction
from modelscan.units import format_bytes, format_tokens


def show_plan_of_all(printer: Printer, plan: Up) -> None:
    """A row for each deployment, and below them what differs."""
    printer.table(
        ("name", "action", "model", "on", "memory", "context", "why"),
        [_row(action) for action in plan.actions],
        right=("memory", "context"),
        drop=("context", "memory", "on", "model"),
    )
    for action in plan.actions:
        for line in action.difference:
            printer.line(f"{action.name}: {line}")
    printer.line()


def show_ended(printer: Printer, actions: Iterable[UpAction]) -> None:
    for action in actions:
        word = "removed" if action.action == "remove" and action.error is None else action.status or "not there"
        where = f"  {action.base_url}" if action.base_url and action.status == "ready" else ""
        printer.line(f"{action.name}  {word}{where}")


def _row(action: UpAction) -> tuple[str, ...]:
    gone = action.action == "remove"
    known = action.memory_bytes is not None and not gone
    on = f"GPU {', '.join(map(str, action.gpu_indices))}" if action.gpu_indices else "CPU"
    model = action.model or ""
    if model.startswith("/"):
        model = model.rpartition("/")[2]
    model = f"{model} {action.quantization or ''}".strip()
    return (
        action.name,
        action.action,
        model,
        on if known else "-",
        format_bytes(action.memory_bytes) if known else "-",
        format_tokens(action.max_model_len) if known and action.max_model_len else "-",
        action.cause,
    )
