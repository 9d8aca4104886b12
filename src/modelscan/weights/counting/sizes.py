"""An amount of memory with its bounds."""

from __future__ import annotations

from modelscan.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sized:
    """Bytes: the lower bound, the estimate, the upper bound."""

    low: int
    estimate: int
    high: int

    def __add__(self, other: Sized) -> Sized:
        return Sized(self.low + other.low, self.estimate + other.estimate, self.high + other.high)

    def __sub__(self, other: Sized) -> Sized:
        """A part taken out again: bound by bound."""
        return Sized(self.low - other.low, self.estimate - other.estimate, self.high - other.high)


def within(estimate: float, share: float) -> Sized:
    """An estimate with a symmetric relative error."""
    return Sized(int(estimate * (1 - share)), int(estimate), int(estimate * (1 + share)) + 1)
