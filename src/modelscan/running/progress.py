"""Progress of a start: its steps as events, with the time left and the last line of the backend's log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from modelscan.model import Deployment, Progress
from modelscan.model.events import Event, Report
from modelscan.parsing.text import clean
from modelscan.selecting.context import Context
from modelscan.system.clock import parse_rfc3339
from modelscan.units import format_countdown

_TAIL_BYTES = 4096


def reporting(context: Context, report: Report) -> Callable[[Deployment], None]:
    """Reports each step, and what the supervisor did on its own (another port, a smaller context, a restart)."""
    shown: str | None = None
    step: Event | None = None

    def on_change(now: Deployment) -> None:
        nonlocal shown, step
        if now.status == "starting" and now.message not in {None, shown}:
            shown = now.message
            report(Event("note", f"{now.name}: {shown}"))
        if (latest := step_event(now, context.clock.now())) != step:
            step = latest
            report(latest)

    return on_change


def step_event(deployment: Deployment, now: datetime) -> Event:
    """The current step, for people in one line: `loading weights: 40%, about 1:05 left`."""
    progress = deployment.progress or Progress()
    parts = [progress.detail or (f"{progress.fraction:.0%}" if progress.fraction is not None else "")]
    if progress.expected_at is not None:
        left = (parse_rfc3339(progress.expected_at) - now).total_seconds()
        parts.append(f"about {format_countdown(left)} left" if left >= 1 else "any moment now")
    text = ", ".join(part for part in parts if part)
    return Event(
        "phase",
        f"{deployment.phase or deployment.status}{f': {text}' if text else ''}",
        {
            "name": deployment.name,
            "status": deployment.status,
            "phase": deployment.phase,
            "fraction": progress.fraction,
            "detail": progress.detail,
            "started_at": deployment.started_at,
            "expected_at": progress.expected_at,
            "log_path": deployment.log_path,
        },
    )


def last_log_line(path: Path) -> str | None:
    """The last line of a log without its time, made safe for a terminal; None where there is none yet."""
    try:
        with path.open("rb") as file:
            file.seek(max(path.stat().st_size - _TAIL_BYTES, 0))
            lines = file.read(_TAIL_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        stamp, _, rest = line.partition(" ")
        text = clean(rest if stamp[:2] == "20" and stamp.endswith("Z") else line).strip()
        if text:
            return text
    return None
