"""Whether upstreams answer: each place is asked for its models now and then.

A place is an address and a key: twenty models of one provider are one question.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any, Protocol

from modelscan.dataclasses import replace
from modelscan.gateway.exchange.carried import head_for_probe, key_for
from modelscan.gateway.upstream.answer import AnswerHead
from modelscan.gateway.upstream.connection import UpstreamConnection
from modelscan.gateway.upstream.pool import CannotConnect
from modelscan.routing.compiled import GatewayTable, TableMember

_ANSWER_SECONDS = 10.0
_AGAIN_SECONDS = 5.0  # one that does not answer is asked sooner
_UNAUTHORIZED = 401
_AWAY = frozenset({502, 503, 504})  # what stands in front of it answers instead
_MOST_BYTES = 8_000_000

Place = tuple[str, str | None]


class Reaching(Protocol):
    """What it needs of the gateway."""

    environ: Mapping[str, str]

    def now(self) -> float: ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...

    def connection_to(self, member: TableMember) -> UpstreamConnection | None: ...

    async def connect(self, member: TableMember) -> UpstreamConnection: ...


class UpstreamWatch:
    """`changed` is called when a place begins or ceases to answer; `seconds` is how often each is asked."""

    def __init__(self, gateway: Reaching, changed: Callable[[], None], *, seconds: float) -> None:
        self._gateway = gateway
        self._changed = changed
        self._seconds = seconds
        self._places: dict[Place, TableMember] = {}
        self._due: dict[Place, float] = {}
        self._failing: dict[Place, str] = {}

    def replace(self, members: Iterable[TableMember]) -> None:
        """The table has changed: new places are asked at once."""
        self._places = {place_of(item): item for item in members if item.kind == "upstream" and item.base_url}
        for kept in (self._due, self._failing):
            for place in set(kept) - set(self._places):
                del kept[place]

    def tick(self, now: float) -> None:
        """To be called every second or so."""
        for place, member in self._places.items():
            if self._due.get(place, 0.0) <= now and not lacks_key(member, self._gateway.environ):
                self._due[place] = float("inf")
                self._gateway.spawn(self._ask(place, member))

    def doubt(self, member: TableMember) -> None:
        """A request found it away: it is asked at once, unless it is being asked."""
        if self._due.get(place_of(member), 0.0) != float("inf"):
            self._due.pop(place_of(member), None)

    def cause(self, member: TableMember) -> str | None:
        """Why it does not answer; None where it does, or was not asked yet."""
        return self._failing.get(place_of(member))

    async def _ask(self, place: Place, member: TableMember) -> None:
        cause = await self._cause_now(member)
        if place not in self._places:
            return
        before = self._failing.pop(place, None)
        if cause is not None:
            self._failing[place] = cause
        pause = self._seconds if cause is None else min(self._seconds, _AGAIN_SECONDS)
        self._due[place] = self._gateway.now() + pause
        if cause != before:
            self._changed()

    async def _cause_now(self, member: TableMember) -> str | None:
        probe = _Probe()
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                connection = self._gateway.connection_to(member) or await self._gateway.connect(member)
                probe.connection = connection
                head = head_for_probe(member, connection.address, environ=self._gateway.environ)
                connection.send(probe, head, b"")
                status = await probe.status
        except TimeoutError:
            probe.cancel()
            return f"it did not answer within {_ANSWER_SECONDS:g} s"
        except CannotConnect as problem:
            return f"it cannot be reached: {problem}"
        if status == _UNAUTHORIZED:
            return refused_key(member)
        return f"it answered {status}" if status in _AWAY else None


class _Probe:
    """Waits for an answer, of which only the status counts; its body is read so that the connection can be kept."""

    def __init__(self) -> None:
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.connection: UpstreamConnection | None = None
        self._found = self._received = 0

    def answer_head(self, head: AnswerHead, length: int | None) -> None:  # noqa: ARG002  the interface of an answer
        self._found = head.status

    def answer_data(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > _MOST_BYTES:
            self.cancel()
            self._settle()

    def answer_pause(self) -> None: ...

    def answer_end(self) -> None:
        self._settle()

    def answer_lost(self, why: str, *, begun: bool) -> None:  # noqa: ARG002  as above
        if not self.status.done():
            self.status.set_exception(CannotConnect(why))

    def upstream_paused(self, paused: bool) -> None: ...

    def cancel(self) -> None:
        if self.connection is not None:
            self.connection.cancel()

    def _settle(self) -> None:
        with contextlib.suppress(asyncio.InvalidStateError):
            self.status.set_result(self._found)


def place_of(member: TableMember) -> Place:
    return member.base_url or "", member.api_key_env


def lacks_key(member: TableMember, environ: Mapping[str, str]) -> bool:
    return bool(member.api_key_env) and not key_for(member, environ)


def refused_key(member: TableMember) -> str:
    """What a 401 of an endpoint means: clients' keys never reach it."""
    if member.api_key_env:
        return f"it refuses the key in `{member.api_key_env}`"
    return "it asks for a key, and none is registered for it"


def judged(table: GatewayTable, environ: Mapping[str, str], watch: UpstreamWatch) -> GatewayTable:
    """The table with each upstream that cannot serve marked so, and why."""
    return replace(table, members=tuple(_judged(item, environ, watch) for item in table.members))


def _judged(member: TableMember, environ: Mapping[str, str], watch: UpstreamWatch) -> TableMember:
    if member.kind != "upstream" or member.status != "ready":
        return member
    if lacks_key(member, environ):
        is_set = environ.get(member.api_key_env or "", "").strip()
        wrong = "holds no valid key" if is_set else "is not set"
        cause = f"its key is missing: `{member.api_key_env}` {wrong} where the gateway was started"
        return replace(member, status="failed", last_error=cause)
    cause_now = watch.cause(member)
    return member if cause_now is None else replace(member, status="unhealthy", last_error=cause_now)
