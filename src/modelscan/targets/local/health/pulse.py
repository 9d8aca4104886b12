"""Telling a backend that works, however slowly, from one that is wedged. Pure."""

from __future__ import annotations

from modelscan.backends.base import Activity


class Pulse:
    """Fed with what the metrics say. Requests in flight and nothing that moves: the time of that counts."""

    def __init__(self) -> None:
        self.requests = 0
        self._work: float | None = None
        self._moved_at = 0.0
        self._busy_at = self._fed_at = 0.0

    def feel(self, activity: Activity, now: float) -> None:
        """`now` is a reading of one monotonic clock."""
        if self.requests == 0 or activity.requests == 0 or activity.work != self._work:
            self._moved_at = now
        if activity.requests or activity.work != self._work:
            self._busy_at = now
        self.requests, self._work, self._fed_at = activity.requests, activity.work, now

    def still_for(self, now: float) -> float:
        """Seconds that requests have waited for without any progress; 0 for an idle backend and for one unknown."""
        return 0.0 if self.requests == 0 else now - self._moved_at

    @property
    def idle_seconds(self) -> float:
        """From the last sign of work to the last reading of the metrics: silence of the metrics is no idleness."""
        return self._fed_at - self._busy_at
