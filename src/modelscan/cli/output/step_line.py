"""The last line of a terminal, with rich: a spinner, or a step with running times and the log's last line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from rich.console import Console, Group
from rich.status import Status
from rich.text import Text

from modelscan.model.events import Event
from modelscan.system.clock import Clock, parse_rfc3339
from modelscan.units import format_countdown

_LOG_SECONDS = 1.0  # between two looks at the log


class StepLine:
    """Drawn several times a second by rich, so the times are computed anew each time."""

    def __init__(self, event: Event, clock: Clock, tail: Callable[[Path], str | None]) -> None:
        self._clock = clock
        self._tail = tail
        self._began = clock.now()
        self._looked: float | None = None
        self._last_line: str | None = None
        self.event = event

    def elapsed(self) -> str:
        """Since the step began."""
        return format_countdown((self._clock.now() - self._began).total_seconds())

    def __rich__(self) -> Group:
        lines = [Text(self._step(), no_wrap=True, overflow="ellipsis")]
        if last := self._log():
            lines.append(Text(last, style="dim", no_wrap=True, overflow="ellipsis"))
        return Group(*lines)

    def _step(self) -> str:
        fields, now = self.event.fields, self._clock.now()
        step = str(fields["phase"] or fields["status"])
        fraction = fields["fraction"]
        detail = fields["detail"] or (f"{fraction:.0%}" if fraction is not None else None)
        began = parse_rfc3339(fields["started_at"]) if fields["started_at"] else self._began
        times = [f"{format_countdown((now - began).total_seconds())} elapsed"]
        if fields["expected_at"]:
            left = (parse_rfc3339(fields["expected_at"]) - now).total_seconds()
            times.append(f"about {format_countdown(left)} left" if left >= 1 else "any moment now")
        return f"{step}{f' {detail}' if detail else ''}  {', '.join(times)}"

    def _log(self) -> str | None:
        now, path = self._clock.monotonic(), self.event.fields["log_path"]
        if path and (self._looked is None or now - self._looked >= _LOG_SECONDS):
            self._looked, self._last_line = now, self._tail(Path(path))
        return self._last_line


def spinner(stream: TextIO, shown: str | StepLine) -> Status:
    """A spinner at the bottom with a text or a step, until it is stopped."""
    status = Console(file=stream, highlight=False, markup=False).status(shown)
    status.start()
    return status
