"""What an exchange needs of the gateway that it happens in."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any, Protocol

from modelscan.gateway.access import Gatekeeper
from modelscan.gateway.http.connection import ClientLimits
from modelscan.gateway.http.request import Request
from modelscan.gateway.journal import EndedRequest
from modelscan.gateway.metrics import Metrics
from modelscan.gateway.naming import Directory
from modelscan.gateway.scheduling.scheduler import Scheduler
from modelscan.gateway.upstream.connection import UpstreamConnection
from modelscan.routing.compiled import TableMember
from modelscan.storage.keys import ClientKey


class Surroundings(Protocol):
    """`answer_seconds` is how long an endpoint may send nothing."""

    access: Gatekeeper
    directory: Directory
    environ: Mapping[str, str]
    limits: ClientLimits
    metrics: Metrics
    scheduler: Scheduler
    answer_seconds: float

    def now(self) -> float: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Let it run beside everything else; what it raises is told in the log."""
        ...

    def reload_if_changed(self) -> None:
        """Read the table and the keys anew, where they were written since."""
        ...

    def connection_to(self, member: TableMember) -> UpstreamConnection | None:
        """One that is kept, if there is."""
        ...

    async def connect(self, member: TableMember) -> UpstreamConnection:
        """A new one. Raises CannotConnect."""
        ...

    async def connect_api(self) -> UpstreamConnection:
        """To the HTTP API. Raises CannotConnect."""
        ...

    def unreachable(self, member: TableMember, cause: str) -> None:
        """A connection was refused: what the table says of it is in doubt."""
        ...

    def doubtful(self, name: str) -> None:
        """It died under a request: the table may be of before."""
        ...

    def progress_of(self, name: str) -> str:
        """How far its start is, in words; empty where that is not known."""
        ...

    def opened(self, exchange: Timed) -> None: ...

    def over(self, exchange: Timed, ended: EndedRequest) -> None:
        """An exchange has ended: count it and log it."""
        ...

    def answered_locally(self, request: Request, status: int, key: ClientKey | None, sent: int) -> None: ...

    def metrics_text(self) -> bytes: ...


class Timed(Protocol):
    """What is looked at now and then: `heard` is whether its endpoint has been since the last look, or was asked."""

    heard: bool
    deadline: float

    def expired(self) -> None: ...

    def comment(self) -> None: ...
