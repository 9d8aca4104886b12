"""Which of several endpoints gets the next request. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from modelscan.routing.compiled import TableMember


class Balancer(Protocol):
    """A value: it remembers nothing, so that another may take its place at any time."""

    def choose(self, members: Sequence[TableMember], load: Mapping[str, int], served: Mapping[str, int]) -> TableMember:
        """One of `members`, which are not empty. `load` is how many requests each has in flight, `served` how many
        it ever got.
        """
        ...


class LeastOutstanding:
    """The one with the fewest requests in flight for its weight; among equals the one that got the fewest."""

    def choose(self, members: Sequence[TableMember], load: Mapping[str, int], served: Mapping[str, int]) -> TableMember:
        if len(members) == 1:
            return members[0]
        return min(
            members,
            key=lambda item: ((load.get(item.name, 0) + 1) / item.weight, served.get(item.name, 0) / item.weight),
        )
