"""A request that waits for its turn, and what its waiting may lead to. Pure."""

from __future__ import annotations

from typing import Protocol

from modelscan.gateway.http.answers import Refusal
from modelscan.gateway.scheduling.eviction import Shortage
from modelscan.routing.compiled import TableMember


class Ticket(Protocol):
    """`members` are the names of those that may serve it, `tried` those that did not work; `since` is when it came."""

    name: str
    members: tuple[str, ...]
    tried: tuple[str, ...]
    since: float

    def granted(self, member: TableMember) -> None:
        """It is this member's, until `Scheduler.done`."""
        ...

    def refused(self, refusal: Refusal) -> None: ...

    def starting(self, member: TableMember) -> None:
        """It waits for a start; told once."""
        ...


class Effects(Protocol):
    """What a scheduler has done; both return at once."""

    def start(self, name: str) -> None:
        """Ends in `Scheduler.started`."""
        ...

    def stop(self, name: str, why: str) -> None:
        """Ends in `Scheduler.stopped`."""
        ...


class StartFailure:
    """Why a deployment did not start; `shortage` where others could make room."""

    __slots__ = ("cause", "shortage")

    def __init__(self, cause: str, shortage: Shortage | None = None) -> None:
        self.cause = cause
        self.shortage = shortage
