"""Retries: when they can help, how long to wait, and when to give up. The schedule is a pure value."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TypeVar

from modelscan.dataclasses import dataclass
from modelscan.errors import Gated, SourceUnavailable, Unauthorized
from modelscan.system.clock import Clock

_Asked = TypeVar("_Asked")
_BUSY = {408, 425, 429}
_AILING = range(500, 600)


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """How often something is tried and how long is waited in between, in seconds.

    The first wait is `first`, each further one `factor` times as long, none longer than `longest`; each is shortened by
    a random part of up to `jitter`, so that not all who failed together come back together. A server that asks for more
    time is given it, up to `longest_asked`: one that asks for more is not waited for. No wait begins that would end
    more than `deadline` after the first failure. `unreachable`: whether a server that does not answer at all is tried
    again, or only one that answers that it is busy or ailing.
    """

    tries: int
    first: float
    longest_asked: float
    factor: float = 2.0
    longest: float = math.inf
    jitter: float = 0.0
    deadline: float = math.inf
    unreachable: bool = True

    def wait(
        self, failures: int, *, asked: float | None = None, spent: float = 0.0, chance: float = 0.0
    ) -> float | None:
        """The wait after so many failures in a row, the first of them `spent` seconds ago; None when it is over.

        `asked` is what the server asks for; `chance`, from 0 to 1, decides about the jitter.
        """
        if failures >= self.tries or (asked or 0.0) > self.longest_asked:
            return None
        own = min(self.first * self.factor ** (failures - 1), self.longest) * (1.0 - self.jitter * chance)
        seconds = max(own, asked or 0.0)
        return seconds if spent + seconds <= self.deadline else None

    def helps(self, error: SourceUnavailable) -> bool:
        """Whether trying again can help: a refusal is one the next time, too."""
        if isinstance(error, Gated | Unauthorized):
            return False
        status = error.details.get("status")
        return self.unreachable if status is None else status in _BUSY or status in _AILING


# Someone sits before the question, and where a hub cannot be reached there may be another answer without it.
FOR_A_QUESTION = Backoff(tries=4, first=0.5, longest_asked=10.0, deadline=20.0, unreachable=False)


class Retries:
    """The failures in a row of one thing that is tried again."""

    def __init__(self, backoff: Backoff, clock: Clock, chance: Callable[[], float] = random.random) -> None:
        self._backoff, self._clock, self._chance = backoff, clock, chance
        self._failures, self._since = 0, 0.0

    def again(self, error: SourceUnavailable) -> bool:
        """Count a failure, and wait before the next try; False, at once, when there is to be none."""
        now = self._clock.monotonic()
        self._since = self._since if self._failures else now
        self._failures += 1
        asked = error.details.get("retry_after")
        seconds = self._backoff.wait(
            self._failures,
            asked=float(asked) if isinstance(asked, int | float) else None,
            spent=now - self._since,
            chance=self._chance(),
        )
        if seconds is None or not self._backoff.helps(error):
            return False
        self._clock.sleep(seconds)
        return True

    def progressed(self) -> None:
        """Something came: what failed before counts no more."""
        self._failures = 0


def retrying(
    ask: Callable[[], _Asked], backoff: Backoff, clock: Clock, chance: Callable[[], float] = random.random
) -> _Asked:
    """What `ask` finds out, asked again by the schedule. Raises what it raised last."""
    retries = Retries(backoff, clock, chance)
    while True:
        try:
            return ask()
        except SourceUnavailable as error:
            if not retries.again(error):
                raise
