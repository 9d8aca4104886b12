"""The health of a backend that was ready: healthy, unresponsive or wedged, and since when. Pure."""

from __future__ import annotations

from modelscan.backends.base import Activity
from modelscan.targets.local.health.pulse import Pulse
from modelscan.targets.pace import Pace


class Health:
    """Updated with each probe. A slow backend is not in trouble: its work progresses."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._failed = 0
        self.pulse = Pulse()
        self.trouble: str | None = None
        self._since = 0.0

    def update(self, *, answered: bool, activity: Activity | None, now: float) -> None:
        """`activity` is None where the metrics were not read. `now` is a reading of one monotonic clock."""
        self._failed = 0 if answered else self._failed + 1
        if activity is not None:
            self.pulse.update(activity, now)
        trouble = self._current_trouble(now)
        if trouble is None or self.trouble is None:
            self.trouble, self._since = trouble, now

    def overdue(self, now: float) -> float | None:
        """Seconds in trouble, once that is long enough for a restart."""
        seconds = now - self._since
        return seconds if self.trouble is not None and seconds >= self._pace.restart_after else None

    def _current_trouble(self, now: float) -> str | None:
        if self._failed >= self._pace.unhealthy_after:
            return f"{self._failed} consecutive probes failed"
        stalled = self.pulse.stalled_for(now)
        if stalled < self._pace.wedged_after:
            return None
        requests = "1 request" if self.pulse.requests == 1 else f"{self.pulse.requests} requests"
        return f"wedged: {requests} in flight and no token for {stalled:.0f} s"
