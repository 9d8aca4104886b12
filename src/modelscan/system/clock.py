"""The door to time: wall clock, monotonic clock, waiting. Tests pass a clock of their own."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The real one. `now` is aware and in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251  this is the door

    monotonic = staticmethod(time.monotonic)  # as it is: the gateway asks several times a request

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def rfc3339(moment: datetime) -> str:
    """`2026-11-21T03:52:01Z`: UTC, whole seconds, as every time in our JSON."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_rfc3339(text: str) -> datetime:
    """The inverse of `rfc3339`; raises ValueError."""
    return datetime.fromisoformat(text).astimezone(UTC)
