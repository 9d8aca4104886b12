"""Deployments as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan.cli.output import Output
from modelscan.cli.printer import Printer
from modelscan.errors import Usage
from modelscan.model import Deployment, Progress
from modelscan.system.clock import Clock
from modelscan.units import format_bytes, format_tokens

_WATCH_SECONDS = 1.0


def show_deployments(printer: Printer, deployments: Sequence[Deployment]) -> None:
    if not deployments:
        return
    printer.table(
        ("name", "status", "model", "backend", "on", "memory", "port", "since"),
        [_row(item) for item in deployments],
        right=("port",),
    )
    for item in deployments:
        if item.status in {"failed", "unhealthy"} and item.message:
            printer.line(f"{item.name}: {item.message}")


def _row(item: Deployment) -> tuple[str, ...]:
    word = "removed" if item.removed_at else item.status
    phase = f" ({item.phase})" if item.status in {"starting", "pulling"} and item.phase else ""
    return (
        item.name,
        f"{word}{phase}",
        item.model,
        f"{item.backend} {item.backend_version or ''}".rstrip(),
        f"GPU {','.join(map(str, item.gpu_indices))}" if item.gpu_indices else "CPU",
        format_bytes(item.memory.measured_bytes or item.memory.estimated_bytes),
        str(item.port or "-"),
        item.removed_at or item.stopped_at or item.ready_at or item.started_at or item.created_at or "-",
    )


def _progress(item: Deployment) -> str:
    progress = item.progress or Progress()
    share = f"{progress.fraction:.0%}" if progress.fraction is not None and not progress.detail else None
    expected = f"ready at about {progress.expected_at}" if progress.expected_at else None
    return ", ".join(part for part in (item.phase, progress.detail, share, expected) if part)


def show_deployment(printer: Printer, item: Deployment) -> None:
    word = "removed" if item.removed_at else item.status
    printer.line(f"{item.name}  {word}{f': {item.message}' if item.message else ''}", "bold")
    printer.line()
    rows = [
        *([("Progress", _progress(item))] if item.phase else []),
        ("Model", item.model),
        ("Weights", f"{item.repo_id or item.location} {f'at {item.revision}' if item.revision else ''}".rstrip()),
        ("Backend", f"{item.backend} {item.backend_version or ''}".rstrip()),
        ("Quantization", item.quantization or "unknown"),
        ("Runs on", f"GPU {', '.join(map(str, item.gpu_indices))}" if item.gpu_indices else "CPU"),
        ("Context", f"{format_tokens(item.max_model_len)} tokens"),
        ("KV cache", f"{format_tokens(item.kv_cache_tokens)} tokens"),
        ("Memory", _memory(item)),
        ("Address", item.openai_base_url or "-"),
        ("Answers to", ", ".join(item.served_model_names)),
        ("Key", f"in ${item.api_key_env}" if item.api_key_env else "none: every user of this machine can call it"),
        ("Process", f"pid {item.pid}" if item.pid else "-"),
        ("Restarts", str(item.restarts)),
        ("Last probe", _probe(item)),
        ("Created", item.created_at or "-"),
        ("Ready", item.ready_at or "-"),
        ("Log", item.log_path or "-"),
    ]
    if item.last_error:
        rows.append(("Last error", item.last_error))
    printer.pairs(rows)


def _memory(item: Deployment) -> str:
    measured = item.memory.measured_bytes
    return f"{format_bytes(item.memory.estimated_bytes)} predicted, {format_bytes(measured)} measured"


def _probe(item: Deployment) -> str:
    if item.last_probe_at is None:
        return "-"
    return f"{'answered' if item.last_probe_ok else 'did not answer'} at {item.last_probe_at}"


def watch_deployments(output: Output, clock: Clock, read: Callable[[], list[Deployment]]) -> None:
    """Draw the list every second until Ctrl-C. Raises Usage where there is no terminal to draw on."""
    if output.json or not output.stdout.isatty():
        raise Usage("`--watch` needs a terminal", hints=["modelscan list --json"])
    from modelscan.cli.printer import printer_for

    while True:
        found = read()
        output.stdout.write("\x1b[H\x1b[2J")
        printer = printer_for(output.stdout)
        if found:
            show_deployments(printer, found)
        else:
            printer.line("No deployments. Start one: modelscan deploy demo")
        clock.sleep(_WATCH_SECONDS)
