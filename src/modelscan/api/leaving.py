"""A clock for what waits in a thread for somebody who may leave."""

from __future__ import annotations

import threading
from datetime import datetime

from modelscan.system.clock import Clock


class Left(Exception):
    """Whoever was waited for has left."""


class LeavingClock:
    """Goes as another one does; after `leave`, sleeping on it ends what waits, with Left."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = threading.Event()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._left.wait(seconds):
            raise Left

    def leave(self) -> None:
        self._left.set()
