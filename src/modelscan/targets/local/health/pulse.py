"""Tells a backend that makes progress, however slowly, from one that is wedged. Pure."""

from __future__ import annotations

from modelscan.backends.base import Activity


class Pulse:
    """Updated from the metrics: how long requests have been in flight without progress.

    `worked`: there were requests between the last two readings.
    """

    def __init__(self) -> None:
        self.requests = 0
        self.worked = False
        self._work: float | None = None
        self._moved_at = 0.0
        self._busy_at = self._fed_at = 0.0

    def update(self, activity: Activity, now: float) -> None:
        """`now` is a reading of one monotonic clock."""
        self.worked = bool(activity.requests) or (self._work is not None and activity.work != self._work)
        if self.requests == 0 or activity.requests == 0 or activity.work != self._work:
            self._moved_at = now
        if activity.requests or activity.work != self._work:
            self._busy_at = now
        self.requests, self._work, self._fed_at = activity.requests, activity.work, now

    def stalled_for(self, now: float) -> float:
        """Seconds for which requests have waited without any progress; 0 when idle or unknown."""
        return 0.0 if self.requests == 0 else now - self._moved_at

    @property
    def idle_seconds(self) -> float:
        """From the last sign of work to the last reading of the metrics: missing metrics do not count as idle."""
        return self._fed_at - self._busy_at
