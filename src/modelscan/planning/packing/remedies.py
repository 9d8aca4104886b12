"""Where not everything fits: the smallest change after which it would."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from modelscan.dataclasses import dataclass
from modelscan.planning.packing.pack import Item, Packed, Place, Way, pack

_TOGETHER = 3  # so many are taken out in every combination; beyond, the weightiest ones


@dataclass(frozen=True, kw_only=True, slots=True)
class Smaller:
    """What an entry fixes and would give up, and the ways that it would then have."""

    name: str
    key: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """`shrink` one by giving up a `key`, or have some start `on-demand`, or `leave-out` what does not fit even alone.

    `packed` is how all fit then.
    """

    kind: Literal["shrink", "on-demand", "leave-out"]
    names: tuple[str, ...]
    key: str | None = None
    packed: Packed


def remedies(
    items: Sequence[Item],
    smaller: Iterable[Smaller],
    room: Mapping[Place, int],
    kinds: Mapping[Place, str] | None = None,
) -> tuple[Remedy, ...]:
    """Each kind of change that would do, the smallest first: one that gives something up, then as few as possible that
    do not run all the time, the lightest of equally many.
    """
    return (*_shrunk(items, smaller, room, kinds), *_fewer(items, room, kinds))


def _shrunk(
    items: Sequence[Item], smaller: Iterable[Smaller], room: Mapping[Place, int], kinds: Mapping[Place, str] | None
) -> list[Remedy]:
    found = []
    for one in smaller:
        others = [item for item in items if item.name != one.name]
        packed = pack([*others, Item(name=one.name, ways=one.ways)], room, kinds)
        if packed is not None:
            found.append(Remedy(kind="shrink", names=(one.name,), key=one.key, packed=packed))
    return sorted(found, key=lambda remedy: (remedy.packed.cost, remedy.names, remedy.key or ""))[:1]


def _fewer(items: Sequence[Item], room: Mapping[Place, int], kinds: Mapping[Place, str] | None) -> list[Remedy]:
    never = tuple(sorted(item.name for item in items if not item.ways))
    rest = [item for item in items if item.ways]
    for number in range(len(rest) + 1):
        for out in _out(rest, number):
            packed = pack([item for item in rest if item not in out], room, kinds)
            if packed is None:
                continue
            found = []
            if never:
                found.append(Remedy(kind="leave-out", names=never, packed=packed))
            if out:
                names = tuple(sorted(item.name for item in out))
                found.append(Remedy(kind="on-demand", names=names, packed=packed))
            return found
    return []


def _out(items: Sequence[Item], number: int) -> list[tuple[Item, ...]]:
    """Which ones to take out, the lightest first."""
    if number > _TOGETHER:
        return [tuple(sorted(items, key=_weight, reverse=True)[:number])]
    return sorted(itertools.combinations(items, number), key=lambda out: (sum(map(_weight, out)), _names(out)))


def _weight(item: Item) -> int:
    return min((sum(way.takes.values()) for way in item.ways), default=0)


def _names(items: Iterable[Item]) -> list[str]:
    return sorted(item.name for item in items)
