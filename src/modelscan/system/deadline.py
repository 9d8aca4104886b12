"""A time limit over several steps, also over one that never looks at a clock."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from modelscan.system.clock import Clock

_AT_ONCE = 0.001  # 0 would be no alarm at all


class OutOfTime(KeyboardInterrupt):
    """Ctrl-C by the clock: what is half-made is undone on the way out, just as after that.

    `seconds` is the limit that is over.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


class Deadline:
    """`seconds` from now on; None is no limit."""

    def __init__(self, seconds: float | None, clock: Clock) -> None:
        self.seconds = seconds
        self._clock = clock
        self._ends = None if seconds is None else clock.monotonic() + seconds

    def left(self) -> float | None:
        """The seconds that are left, 0 at least; None without a limit."""
        return None if self._ends is None else max(self._ends - self._clock.monotonic(), 0.0)

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """Raise OutOfTime inside when it is over; only in the main thread, as no other can be interrupted."""
        left = self.left()
        if left is None or threading.current_thread() is not threading.main_thread():
            yield
            return

        def ring(_number: int, _frame: FrameType | None) -> None:
            raise OutOfTime(self.seconds or left)

        before = signal.signal(signal.SIGALRM, ring)
        signal.setitimer(signal.ITIMER_REAL, max(left, _AT_ONCE))
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
