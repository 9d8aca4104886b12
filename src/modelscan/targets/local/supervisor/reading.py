"""Whether a backend reads on while its log is silent: a program that maps its weights says nothing for as long as it
takes, and hundreds of gigabytes take longer than any limit on silence.
"""

from __future__ import annotations

from collections.abc import Callable

from modelscan.units import MIB

_WORTH = 64 * MIB  # what waits for messages reads a little all the time
_LOOKS = 8  # within a limit
_SHORTEST = 1.0  # seconds


class Reading:
    """`read` gives all that it has read so far, None where the system does not say."""

    def __init__(self, read: Callable[[], int | None], limit: float, now: float) -> None:
        self._read = read
        self._between = max(limit / _LOOKS, _SHORTEST)
        self._looked_at = now
        self._before = 0

    def goes_on(self, now: float) -> bool:
        """Whether it has read much since it was last looked at; a look costs a walk through /proc."""
        if now - self._looked_at < self._between:
            return False
        self._looked_at = now
        there = self._read()
        if there is None or there - self._before < _WORTH:
            return False
        self._before = there
        return True
