"""Which of several endpoints gets the next request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from modelscan.routing.compiled import TableMember


class Balancer(Protocol):
    """A value: it remembers nothing, so that another may take its place at any time."""

    def choose(self, members: Sequence[TableMember], load: Mapping[str, int], served: Mapping[str, int]) -> TableMember:
        """One of `members`, which are not empty. `load` is how many requests each has in flight, `served` how many
        of this name it got.
        """
        ...


class LeastOutstanding:
    """The one with the fewest requests in flight for its weight; among equals the one that got the fewest for it.

    Counted are whole shares, of the least weight's size: a single request in flight, or none, says nothing of weights.
    """

    def choose(self, members: Sequence[TableMember], load: Mapping[str, int], served: Mapping[str, int]) -> TableMember:
        if len(members) == 1:
            return members[0]
        least = min(item.weight for item in members)
        return min(
            members,
            key=lambda item: (load.get(item.name, 0) * least // item.weight, served.get(item.name, 0) / item.weight),
        )
