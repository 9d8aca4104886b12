"""Count the bytes of a transfer from many threads, and report progress at intervals."""

from __future__ import annotations

import threading
from collections import deque

from modelscan.dataclasses import replace
from modelscan.hubs.files import OnProgress, Transferred
from modelscan.system.clock import Clock

_EVERY_SECONDS = 0.2
# The rate of the last seconds: long enough to be steady, short enough to follow a network.
_WINDOW_SECONDS = 8.0


class Meter:
    """`done_bytes` were downloaded by an earlier attempt."""

    def __init__(self, total_bytes: int, done_bytes: int, on_progress: OnProgress, clock: Clock) -> None:
        self._total, self._done, self._on_progress, self._clock = total_bytes, done_bytes, on_progress, clock
        self._lock = threading.Lock()
        self._reported_at = clock.monotonic()
        self._samples = deque([(self._reported_at, done_bytes)])
        on_progress(Transferred(done_bytes=done_bytes, total_bytes=total_bytes))

    def add(self, count: int) -> None:
        """Count received bytes; a negative count takes back bytes that must be downloaded again."""
        with self._lock:
            self._done += count
            now = self._clock.monotonic()
            if now - self._reported_at >= _EVERY_SECONDS:
                self._reported_at = now
                self._on_progress(self._at(now))

    def wait(self, holder: str) -> None:
        """Report which process a part is waiting for."""
        with self._lock:
            self._on_progress(replace(self._at(self._clock.monotonic()), waits_for=holder or "another process"))

    def finish(self) -> None:
        with self._lock:
            self._on_progress(self._at(self._clock.monotonic()))

    def _at(self, now: float) -> Transferred:
        self._samples.append((now, self._done))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW_SECONDS:  # noqa: PLR2004  a rate needs two
            self._samples.popleft()
        (then, before), elapsed = self._samples[0], now - self._samples[0][0]
        rate = (self._done - before) / elapsed if elapsed > 0 and self._done > before else None
        left = max(0, self._total - self._done)
        return Transferred(
            done_bytes=min(self._done, self._total),
            total_bytes=self._total,
            bytes_per_second=rate,
            seconds_left=left / rate if rate and then < now else None,
        )
