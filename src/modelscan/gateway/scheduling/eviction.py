"""Which idle deployments are stopped so that another fits. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelscan.dataclasses import dataclass
from modelscan.routing.compiled import TableMember


@dataclass(frozen=True, slots=True)
class Shortage:
    """`missing_bytes` of the memory of a place: a GPU's index, or `host`."""

    place: str
    missing_bytes: int


def evicted(shortage: Shortage, idle: Sequence[TableMember], last_used: Mapping[str, float]) -> tuple[TableMember, ...]:
    """Those to stop, the least recently used first; none where all of them together would not make room.

    One whose claim turns out not to be needed beside the later ones stays.
    """
    holding = [item for item in idle if item.claims.get(shortage.place)]
    chosen: list[TableMember] = []
    freed = 0
    for item in sorted(holding, key=lambda item: last_used.get(item.name, 0.0)):
        if freed >= shortage.missing_bytes:
            break
        chosen.append(item)
        freed += item.claims[shortage.place]
    if freed < shortage.missing_bytes:
        return ()
    for item in tuple(chosen):
        if freed - item.claims[shortage.place] >= shortage.missing_bytes:
            chosen.remove(item)
            freed -= item.claims[shortage.place]
    return tuple(chosen)
