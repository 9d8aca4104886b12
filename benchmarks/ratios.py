"""Ratios of an estimate to what was measured: 1 is right, 2 says twice as much, 0.5 half of it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

HEAD = "| n | median | median of ratios from 1 | 90th percentile | within 10 % | within 25 % |"
_Item = TypeVar("_Item")


def distance(ratio: float) -> float:
    """How far a ratio is from 1, as a factor: 2 for twice as much and for half of it."""
    return math.exp(abs(math.log(ratio)))


def quantile(values: Iterable[float], share: float) -> float:
    """Between the two nearest values, in proportion."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def summary(ratios: Sequence[float]) -> str:
    """The cells that `HEAD` names."""
    if not ratios:
        return "| 0 | | | | | |"
    away = [distance(ratio) for ratio in ratios]
    within = [sum(one <= 1 + share for one in away) / len(away) for share in (0.10, 0.25)]
    middle, far = statistics.median(away), quantile(away, 0.9)
    shares = " | ".join(f"{share:.0%}" for share in within)
    return f"| {len(ratios)} | {statistics.median(ratios):.2f} | {middle:.2f} | {far:.2f} | {shares} |"


def table(
    title: str, items: Sequence[_Item], ratio: Callable[[_Item], float], kinds: Mapping[str, Callable[[_Item], str]]
) -> None:
    """All items, then by each of `kinds`, the largest group first."""
    print(f"\n### {title}\n\n| rows {HEAD}\n|---|---|---|---|---|---|---|")
    print(f"| all {summary([ratio(item) for item in items])}")
    for name, kind in kinds.items():
        groups: dict[str, list[float]] = {}
        for item in items:
            groups.setdefault(kind(item), []).append(ratio(item))
        for value, ratios in sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0])):
            print(f"| {name} {value} {summary(ratios)}")
