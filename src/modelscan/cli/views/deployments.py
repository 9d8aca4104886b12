"""Deployments as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from modelscan.cli.output.output import Output
from modelscan.cli.output.printer import Printer, printer_for
from modelscan.errors import Usage
from modelscan.model import Adapter, Deployment, Progress
from modelscan.system.clock import Clock, parse_rfc3339
from modelscan.targets.registry import HOSTS
from modelscan.units import format_gib, format_measured, format_seconds, format_tokens

_WATCH_SECONDS = 1.0


def show_deployments(printer: Printer, deployments: Sequence[Deployment], now: datetime) -> None:
    """`status` shows what a narrow terminal has no columns for."""
    if not deployments:
        return
    printer.table(
        tuple(_COLUMNS),
        [tuple(cell(item, now) for cell in _COLUMNS.values()) for item in deployments],
        right=("memory", "port", "restarts"),
        drop=("backend", "model", "restarts", "up", "on", "memory"),
    )
    for item in deployments:
        reason = (item.last_error if item.status == "failed" else None) or item.message
        if item.status in {"failed", "unhealthy"} and reason:
            printer.item(f"{item.name}: {reason}", depth=0)


def _status(item: Deployment, _now: datetime) -> str:
    if item.removed_at:
        return "removed"
    phase = item.phase if item.status in {"starting", "pulling"} else None
    if item.status == "stopped" and item.stopped_by == "gateway":
        phase = item.phase or "by the gateway"
    return f"{item.status} ({phase})" if phase else item.status


def _backend(item: Deployment, _now: datetime) -> str:
    return f"{item.backend} {item.backend_version or ''}".rstrip()


def _device(item: Deployment, _now: datetime | None) -> str:
    if item.target in HOSTS:
        return item.target
    return f"GPU {','.join(map(str, item.gpu_indices))}" if item.gpu_indices else "CPU"


def _memory_used(item: Deployment, _now: datetime) -> str:
    """`1.72/1.75 GiB`: measured and claimed."""
    sizes = (item.memory.measured_bytes, item.memory.estimated_bytes)
    if not any(size is not None for size in sizes):
        return "unknown"
    return "/".join("?" if size is None else format_gib(size) for size in sizes) + " GiB"


def _health(item: Deployment, now: datetime) -> str:
    """Result and age of the last health check."""
    if item.last_probe_at is None or not item.is_live:
        return "-"
    age = format_seconds((now - parse_rfc3339(item.last_probe_at)).total_seconds())
    return f"{'ok' if item.last_probe_ok else 'silent'} {age}"


def _up(item: Deployment, now: datetime) -> str:
    if item.started_at is None or not item.is_live:
        return "-"
    return format_seconds((now - parse_rfc3339(item.started_at)).total_seconds())


_COLUMNS: Mapping[str, Callable[[Deployment, datetime], str]] = {
    "name": lambda item, _: item.name,
    "status": _status,
    "model": lambda item, _: " + ".join((item.model, *(one.name for one in item.adapters))),
    "backend": _backend,
    "on": _device,
    "memory": _memory_used,
    "port": lambda item, _: str(item.port or "-"),
    "health": _health,
    "up": _up,
    "restarts": lambda item, _: str(item.restarts),
}


def _progress(item: Deployment) -> str:
    progress = item.progress or Progress()
    share = f"{progress.fraction:.0%}" if progress.fraction is not None and not progress.detail else None
    expected = f"ready at about {progress.expected_at}" if progress.expected_at else None
    return ", ".join(part for part in (item.phase, progress.detail, share, expected) if part)


def show_deployment(printer: Printer, item: Deployment, *, hints: Sequence[str]) -> None:
    """`hints` are commands that may help after a failure."""
    word = "removed" if item.removed_at else item.status
    printer.item(f"{item.name}  {word}{f': {item.message}' if item.message else ''}", "bold", depth=0)
    printer.line()
    rows = [
        *([("Progress", _progress(item))] if item.phase else []),
        ("Model", item.model),
        ("Weights", f"{item.repo_id or item.location} {f'at {item.revision}' if item.revision else ''}".rstrip()),
        ("Backend", f"{item.backend} {item.backend_version or ''}".rstrip()),
        ("Quantization", item.quantization or "unknown"),
        ("Runs on", _device(item, None).replace(",", ", ")),
        ("Context", f"{format_tokens(item.max_model_len)} tokens"),
        ("KV cache", f"{format_tokens(item.kv_cache_tokens)} tokens"),
        ("Memory", format_measured(item.memory.estimated_bytes, item.memory.measured_bytes)),
        ("Address", item.openai_base_url or "-"),
        ("Served as", ", ".join(item.served_model_names)),
        *[("Adapter", _adapter(one)) for one in item.adapters],
        ("Key", f"in ${item.api_key_env}" if item.api_key_env else "none; every user of this machine can call it"),
        ("Process", f"pid {item.pid}" if item.pid else "-"),
        ("Restarts", str(item.restarts)),
        ("Last probe", _probe(item)),
        ("Created", item.created_at or "-"),
        ("Started", item.started_at or "-"),
        ("Ready", item.ready_at or "-"),
        ("Stopped", _at(item.stopped_at, item.stopped_by)),
        *([("Last request", item.last_request_at)] if item.last_request_at else []),
        ("Log", item.log_path or "-"),
    ]
    if item.on_demand:
        rows.append(("On demand", "requests at the gateway start it"))
    if item.last_error:
        rows.append(("Last error", item.last_error))
    if item.status == "failed":
        rows += [("Try", hint) for hint in hints]
    printer.pairs(rows)


def _adapter(item: Adapter) -> str:
    return f"{item.name}: {item.repo_id}{f' at {item.revision}' if item.revision else ''}, rank {item.rank}"


def _at(at: str | None, by: str | None) -> str:
    return "-" if at is None else at if by in {None, "user"} else f"{at} by the {by}"


def _probe(item: Deployment) -> str:
    if item.last_probe_at is None or not item.is_live:
        return "-"
    return f"{'answered' if item.last_probe_ok else 'did not answer'} at {item.last_probe_at}"


def watch_deployments(output: Output, clock: Clock, read: Callable[[], list[Deployment]]) -> None:
    """Redraw the list every second until Ctrl-C. Raises Usage without a terminal."""
    if output.json or not output.stdout.isatty():
        raise Usage("`--watch` needs a terminal", hints=["modelscan list --json"])
    while True:
        found = read()
        output.stdout.write("\x1b[H\x1b[2J")
        printer = printer_for(output.stdout)
        if found:
            show_deployments(printer, found, clock.now())
        else:
            printer.line("No deployments. Start one: modelscan deploy demo")
        clock.sleep(_WATCH_SECONDS)
