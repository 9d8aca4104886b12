"""Progress of a download: a bar with rate and time left on a terminal, an occasional line in a pipe."""

from __future__ import annotations

from typing import Any

from modelscan.cli.output.output import Output
from modelscan.model.events import Event
from modelscan.system.clock import Clock

# Logs stay readable: one line per tenth, and one after this many seconds without a line.
_EACH_SHARE = 0.1
_EACH_SECONDS = 30.0


class TransferBar:
    """Shows events of the kind `pull`."""

    def __init__(self, output: Output, clock: Clock) -> None:
        self._output, self._clock = output, clock
        self._bar: Any = None
        self._printed: tuple[float, float] | None = None

    def show(self, event: Event) -> None:
        fraction = float(event.fields.get("fraction") or 0.0)
        if self._output.live:
            self._draw(event, fraction)
        elif self._is_due(fraction):
            self._printed = (fraction, self._clock.monotonic())
            self._output.say(event.message)

    def clear(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar, self._printed = None, None

    def _is_due(self, fraction: float) -> bool:
        if self._printed is None:
            return fraction < 1.0  # nothing to download needs no line
        share, at = self._printed
        late = self._clock.monotonic() - at >= _EACH_SECONDS
        return late or fraction - share >= _EACH_SHARE or (fraction >= 1.0 > share)

    def _draw(self, event: Event, fraction: float) -> None:
        if self._bar is None:
            from modelscan.cli.output.progress_bar import ProgressBar  # a pipe needs no rich

            self._bar = ProgressBar(self._output.stderr)
        self._bar.show(fraction, event.message)
