"""One way to run for each of several deployments, so that all fit: the best that there is, by branch and bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.model import Gpu

# A GPU by its UUID, since MIG slices share an index, or by its index where the driver gives none; the host's memory.
Place = str
HOST: Place = "host"

# Some hundred are what ten deployments on eight GPUs take. Where they are used up the best so far counts; where there
# is none yet, the smallest ways are tried first.
_MOST_TRIES = 10_000


def place_of(gpu: Gpu) -> Place:
    return gpu.uuid or str(gpu.index)


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """A way to run one deployment: the bytes that it takes at least of each place.

    `cost` is how much worse it is than the best, most important part first; costs of several are added part by part.
    """

    takes: Mapping[Place, int]
    cost: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A deployment to be placed: every way in which it may run, none where it fits in no way even alone."""

    name: str
    ways: tuple[Way, ...]


def pack(items: Iterable[Item], room: Mapping[Place, int], kinds: Mapping[Place, str] | None = None) -> Packed | None:
    """A way for each item, at the least cost in total; of equal ones that with the fewest side by side. None where not
    all fit.

    The order of `items` does not matter. Places of one of the `kinds` are alike: only the bytes that are left there
    tell them apart.
    """
    weightiest = sorted(items, key=_weight)
    for order in (_cheapest, _smallest):
        ordered = [Item(name=item.name, ways=tuple(sorted(item.ways, key=order))) for item in weightiest]
        search = _Search(ordered, dict(room), kinds or {})
        search.place(0, (), ())
        if search.best is not None or search.tries <= _MOST_TRIES:
            return search.best
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """The way of each deployment, by name. `crowding` counts the pairs that share a place."""

    ways: Mapping[str, Way]
    cost: tuple[int, ...]
    crowding: int


class _Search:
    """Depth first, the weightiest deployment first; what cannot become better than the best so far is left."""

    def __init__(self, items: Sequence[Item], left: dict[Place, int], kinds: Mapping[Place, str]) -> None:
        """`least` and `needed` are what all from one on cost and take at least, for each."""
        self.items, self.left, self.kinds = items, left, kinds
        self.best: Packed | None = None
        self.tries = 0
        self.taken: Counter[Place] = Counter()
        self.crowding = 0
        self.least: list[tuple[int, ...]] = [()]
        self.needed = [0]
        for item in reversed(self.items):
            cheapest = min((way.cost for way in item.ways), default=())
            smallest = min((sum(way.takes.values()) for way in item.ways), default=0)
            self.least.append(_added(self.least[-1], cheapest))
            self.needed.append(self.needed[-1] + smallest)
        self.least.reverse()
        self.needed.reverse()

    def place(self, number: int, chosen: tuple[Way, ...], cost: tuple[int, ...]) -> None:
        if number == len(self.items):
            if self.best is None or (cost, self.crowding) < (self.best.cost, self.best.crowding):
                ways = {item.name: way for item, way in zip(self.items, chosen, strict=True)}
                self.best = Packed(ways=ways, cost=cost, crowding=self.crowding)
            return
        if self.needed[number] > sum(self.left.values()):
            return
        seen = set[object]()
        for way in self.items[number].ways:
            if any(self.left.get(place, 0) < size for place, size in way.takes.items()):
                continue
            total = _added(cost, way.cost)
            bound = _added(total, self.least[number + 1]), self.crowding + self._crowd(way)
            if self.best is not None and bound >= (self.best.cost, self.best.crowding):
                continue
            look = self._look(way)
            if look in seen:
                continue
            seen.add(look)
            self.tries += 1
            if self.tries > _MOST_TRIES:
                return
            crowd = self._take(way)
            self.place(number + 1, (*chosen, way), total)
            self._give_back(way, crowd)

    def _crowd(self, way: Way) -> int:
        return sum(self.taken[place] for place in way.takes)

    def _take(self, way: Way) -> int:
        crowd = self._crowd(way)
        self.crowding += crowd
        for place, size in way.takes.items():
            self.left[place] -= size
            self.taken[place] += 1
        return crowd

    def _give_back(self, way: Way, crowd: int) -> None:
        self.crowding -= crowd
        for place, size in way.takes.items():
            self.left[place] += size
            self.taken[place] -= 1

    def _look(self, way: Way) -> object:
        """What tells a way from another on places that are alike now."""
        places = (
            (self.kinds.get(place, place), self.left.get(place, 0), self.taken[place], size)
            for place, size in way.takes.items()
        )
        return way.cost, tuple(sorted(places))


def _added(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[int, ...]:
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    return tuple(a + b for a, b in zip(longer, (*shorter, *(0 for _ in longer)), strict=False))


def _weight(item: Item) -> tuple[int, str]:
    """The weightiest first, as it has the fewest places; then by name, so that the order of a file does not matter."""
    return -min((sum(way.takes.values()) for way in item.ways), default=0), item.name


def _cheapest(way: Way) -> Any:
    return way.cost, sorted(way.takes.items())


def _smallest(way: Way) -> Any:
    return sum(way.takes.values()), way.cost, sorted(way.takes.items())
