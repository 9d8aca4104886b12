"""The life of a request for a model: whose it is, who serves it, what is tried again, how it ends.

Before the first byte of an answer went to the client, a refused connection, or an answer that it cannot be served now,
leads to another endpoint of the name, then to its fallbacks; a kept connection that turns out to be closed is made
anew, once. A request that an endpoint had received when it died is sent to no other: it may have been what killed it.
"""

from __future__ import annotations

import asyncio

from modelscan.gateway.access import may_ask, members_for
from modelscan.gateway.bodies.peek import BadBody
from modelscan.gateway.exchange.carried import head_for_model, key_for
from modelscan.gateway.exchange.held import HeldAnswer, is_held, leads_elsewhere
from modelscan.gateway.exchange.incoming import Incoming
from modelscan.gateway.exchange.reply import Reply
from modelscan.gateway.exchange.surroundings import Surroundings
from modelscan.gateway.exchange.watch import refused_key
from modelscan.gateway.http.answers import Refusal
from modelscan.gateway.http.connection import ClientConnection
from modelscan.gateway.http.paths import Path
from modelscan.gateway.http.request import Request
from modelscan.gateway.journal import EndedRequest
from modelscan.gateway.naming import FoundName
from modelscan.gateway.upstream.answer import AnswerHead
from modelscan.gateway.upstream.connection import UpstreamConnection
from modelscan.gateway.upstream.pool import CannotConnect
from modelscan.routing.compiled import TableMember
from modelscan.storage.keys import ClientKey

_UNAUTHORIZED = 401
_OK = 200
_MOST_ATTEMPTS = 2  # at one endpoint


class Exchange:
    """Handles a client's request, waits as a ticket for its turn, and takes the endpoint's answer."""

    __slots__ = (
        *("_awaited", "_begun_at", "_client", "_connection", "_fallbacks", "_first", "_gateway", "_held"),
        *("_incoming", "_key", "_member", "_over", "_path", "_reply", "_request", "_reused", "_routed", "_target"),
        *("_unreached_at", "deadline", "heard", "members", "name", "since", "tried"),
    )

    def __init__(self, gateway: Surroundings, client: ClientConnection, request: Request, path: Path) -> None:
        self._gateway = gateway
        self._client = client
        self._request = request
        self._path = path
        self._reply = Reply(client, request)
        self._incoming: Incoming | None = None
        self._key: ClientKey | None = None
        self._fallbacks: tuple[str, ...] = ()
        self._first: Refusal | None = None
        self._member: TableMember | None = None
        self._connection: UpstreamConnection | None = None
        self._unreached_at: tuple[str, ...] = ()
        self._reused = self._routed = self._over = self.heard = False
        self._begun_at: float | None = None
        self._held: HeldAnswer | None = None
        self.deadline = float("inf")
        self.name = self._awaited = self._target = ""
        self.members: tuple[str, ...] = ()
        self.tried: tuple[str, ...] = ()
        self.since = request.started
        gateway.opened(self)

    # The client's side.

    def head_complete(self) -> None:
        request, gateway, path = self._request, self._gateway, self._path
        key = gateway.access.admitted(request.head)
        if isinstance(key, Refusal):
            self._refuse(key)
            return
        self._key = key
        if request.head.method != path.method:
            self._refuse(Refusal(405, f"this route takes {path.method.decode()}", "method_not_allowed"))
            return
        try:
            self._incoming = Incoming(request, most=gateway.limits.body)
        except BadBody as bad:
            self._bad(bad)
            return
        if request.head.expects:
            self._client.continue_body()

    def whole(self, body: bytes) -> None:
        self.head_complete()
        if self._incoming is not None and not self._over:
            if body and not self._incoming.fill(body):
                self.body_data(body)
            self.body_complete()

    def body_data(self, data: bytes) -> None:
        incoming = self._incoming
        if self._over or incoming is None:
            return
        try:
            onward = incoming.take(data)
        except BadBody as bad:
            self._bad(bad)
            return
        if onward is not None and self._connection is not None:
            self._connection.write(onward)
        elif not self._routed and incoming.model is not None:
            self._route(incoming.model)

    def body_complete(self) -> None:
        incoming = self._incoming
        if self._over or incoming is None:
            return
        try:
            onward = incoming.end()
        except BadBody as bad:
            self._bad(bad)
            return
        if self._connection is not None:
            self._connection.write(onward, more=False)
        if self._routed:
            return
        if incoming.model is None:
            self._gateway.spawn(self._read_aside(incoming))
        else:
            self._route(incoming.model)

    async def _read_aside(self, incoming: Incoming) -> None:
        """A large body that has to be read whole: every stream would stand still meanwhile."""
        try:
            await asyncio.get_running_loop().run_in_executor(None, incoming.read_whole)
        except BadBody as bad:
            self._bad(bad)
            return
        if not self._over and incoming.model is not None:
            self._route(incoming.model)

    def client_gone(self) -> None:
        if self._over:
            return
        self._gateway.scheduler.forgotten(self)
        if self._connection is not None:
            self._connection.cancel()
        self._finish(499, "the client left")

    def client_paused(self, paused: bool) -> None:
        if self._connection is not None:
            (self._connection.pause if paused else self._connection.resume)()

    # Its turn.

    def _route(self, model: str) -> None:
        gateway, self._routed = self._gateway, True
        asked = gateway.directory.find(model)
        if asked is None or not asked.ready:
            gateway.reload_if_changed()  # it may have become ready a moment ago
            asked = gateway.directory.find(model)
        if asked is None:
            self._refuse(gateway.directory.unknown(model))
            return
        key = self._key
        if key is not None and (refusal := gateway.access.refused(key, asked.names, gateway.now())) is not None:
            self._refuse(refusal)
            return
        self._fallbacks = asked.fallbacks
        self._ask(asked)

    def _ask(self, asked: FoundName) -> None:
        self.name, self._target = asked.public, asked.target
        self.members = members_for(self._key, asked.public, asked.members)
        self.since = self._gateway.now()
        self._gateway.scheduler.ask(self, self.since)

    def granted(self, member: TableMember) -> None:
        self._member = member
        if member.supports_structured_outputs is False and self._incoming and self._incoming.wants_structure:
            message = f"`{member.name}` does not support structured outputs"
            self._refuse(Refusal(400, message, "not_supported", param="response_format"))
            return
        if (found := self._gateway.connection_to(member)) is not None:
            self._send(found)
        else:
            self._gateway.spawn(self._connect(member))

    def refused(self, refusal: Refusal) -> None:
        if self._first is None or refusal.code == "start_failed":  # which says more than that nobody listened
            self._first = refusal
        while self._fallbacks:
            asked, self._fallbacks = self._gateway.directory.find(self._fallbacks[0]), self._fallbacks[1:]
            if asked is None or not may_ask(self._key, asked.names):
                continue
            self._gateway.metrics.count("fallbacks", self.name)
            self._ask(asked)
            return
        self._refuse(self._first)

    def starting(self, member: TableMember) -> None:
        self._awaited = member.name
        if self._incoming is not None and self._incoming.wants_events and self._reply.status is None:
            self._reply.open_events(member.name)
            self.comment()

    def comment(self) -> None:
        """Keep a client that waits for a start from giving up; to be called every few seconds."""
        if self._reply.status == _OK and self._connection is None and not self._over:
            progress = self._gateway.progress_of(self._awaited)
            self._reply.comment(f"starting {self._awaited}{f': {progress}' if progress else ''}")

    async def _connect(self, member: TableMember) -> None:
        try:
            made = await self._gateway.connect(member)
        except CannotConnect as problem:
            if not self._over:
                self._unreached(member, str(problem))
            return
        if self._over:
            made.close()
        else:
            self._send(made)

    def _unreached(self, member: TableMember, cause: str) -> None:
        """Nothing was sent: another endpoint, a start of this one, or a fallback may still serve it."""
        name = member.name
        self._unreached_at += (name,)
        if not member.on_demand or self._unreached_at.count(name) >= _MOST_ATTEMPTS:
            self.tried += (name,)
        self._first = self._first or Refusal(502, f"`{name}` cannot be reached: {cause}", "upstream_unreachable")
        self._gateway.unreachable(member, cause)
        self._again(member)

    # The endpoint's side.

    def _send(self, connection: UpstreamConnection) -> None:
        member, incoming, gateway = self._member, self._incoming, self._gateway
        assert member is not None  # noqa: S101  granted before
        assert incoming is not None  # noqa: S101  routed before
        self._connection = connection
        self._reused = connection.used > 0
        self.heard = True
        body, length = incoming.carried(member, self._target)
        head = head_for_model(self._request, member, connection.address, length=length, environ=gateway.environ)
        connection.send(self, head, body, more=not self._request.complete)

    def upstream_paused(self, paused: bool) -> None:
        if not self._request.complete and not self._over:
            (self._client.pause_reading if paused else self._client.resume_reading)()

    def answer_head(self, head: AnswerHead, length: int | None) -> None:
        gateway, member = self._gateway, self._member
        assert member is not None  # noqa: S101  granted before
        self._begun_at = gateway.now()
        self.heard = True
        opened = self._reply.status is not None
        if head.status != _OK and self._is_kept_back(head, member, opened=opened):
            return
        if not opened:
            self._reply.open(head, length, member.name)
            if self._request.complete:
                self._request.body = b""  # from here on it is not sent again: a stream is long, and prompts are too

    def _is_kept_back(self, head: AnswerHead, member: TableMember, *, opened: bool) -> bool:
        """Whether the client does not get this answer, or not as it is."""
        status = head.status
        if status == _UNAUTHORIZED and not opened:
            # The client's key is fine, or it would not be here; and what an endpoint says may repeat the gateway's.
            self._turned_away(member, Refusal(502, f"`{member.name}`: {refused_key(member)}", "upstream_unauthorized"))
        elif not opened and self._replayable and leads_elsewhere(status, member) and self._has_another(member):
            self._turned_away(member, Refusal(status, f"`{member.name}` answered {status}", "upstream_error"))
        elif opened or is_held(head):
            self._held = HeldAnswer(head, key_for(member, self._gateway.environ))
        else:
            return False
        return True

    def _has_another(self, member: TableMember) -> bool:
        return bool(self._fallbacks) or self._gateway.scheduler.has_another(self, member.name, self._gateway.now())

    def _turned_away(self, member: TableMember, refusal: Refusal) -> None:
        """Its answer is not the client's: another of the name, or a fallback, may give one."""
        self._drop_connection()
        self._first = refusal
        self.tried += (member.name,)
        self._gateway.scheduler.turned_away(member.name, self._gateway.now())
        if self._replayable:
            self._again(member)
        else:
            self._refuse(refusal)

    def _again(self, member: TableMember) -> None:
        gateway, self.deadline, self.heard = self._gateway, float("inf"), False
        self._release()
        gateway.metrics.count("retries", member.name)
        gateway.scheduler.ask(self, gateway.now())

    def answer_data(self, data: bytes) -> None:
        self.heard = True
        (self._reply.data if self._held is None else self._held.feed)(data)

    def answer_pause(self) -> None:
        self._reply.flush()

    def answer_end(self) -> None:
        self._connection = None
        if self._over:
            return
        if self._held is not None:
            self._tell_held()
        elif self._reply.open_ended and not self._reply.is_whole:
            self._broken("it closed the connection")
        else:
            status = self._reply.status or 502
            self._finish(status)
            self._reply.end()

    def answer_lost(self, why: str, *, begun: bool) -> None:
        self._connection = None
        member = self._member
        if self._over or member is None:
            return
        if self._reply.status is None and self._reused and not begun and self._replayable:
            self._gateway.metrics.count("retries", member.name)
            self._gateway.spawn(self._connect(member))  # the endpoint had closed a connection that was kept
        else:
            self._broken(why)

    def expired(self) -> None:
        """Nothing came for as long as an answer may take."""
        self._drop_connection()
        self._broken(f"nothing came for {self._gateway.answer_seconds:g} s", status=504)

    def _broken(self, why: str, *, status: int = 502) -> None:
        name = self._member.name if self._member else self.name
        refusal = Refusal(status, f"`{name}` did not finish its answer: {why}", "upstream_died")
        if self._reply.status is None:
            self._gateway.doubtful(name)
        self._refuse(refusal)

    def _tell_held(self) -> None:
        """An error of the endpoint: as it is, in our shape, or as an event where the stream has begun."""
        assert self._held is not None  # noqa: S101  the caller looked
        if self._reply.status is not None:
            self._refuse(self._held.refusal(self.name))
            return
        head, body = self._held.whole()
        self._reply.open(head, len(body), self._member.name if self._member else self.name)
        self._reply.data(body)
        self._finish(head.status)
        self._reply.end()

    # Its end.

    @property
    def _replayable(self) -> bool:
        return self._incoming is not None and self._incoming.is_whole

    def _bad(self, bad: BadBody) -> None:
        self._refuse(Refusal(bad.status, bad.message, bad.code, param=bad.param), close=not self._request.complete)

    def _refuse(self, refusal: Refusal, *, close: bool = False) -> None:
        if self._over:
            return
        self._drop_connection()
        self._gateway.scheduler.forgotten(self)
        self._finish(refusal.status, refusal.code)
        self._reply.refuse(refusal, anthropic=self._path.anthropic, close=close)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.cancel()

    def _release(self) -> None:
        member, self._member = self._member, None
        if member is not None:
            self._gateway.scheduler.done(member.name, self._gateway.now())

    def _finish(self, status: int, note: str = "") -> None:
        self._over = True
        gateway, request, incoming, reply = self._gateway, self._request, self._incoming, self._reply
        member, begun, now = self._member, self._begun_at, gateway.now()
        request.body = b""  # nobody reads it any more, and the log has time
        ended = EndedRequest(
            request,
            status,
            self.name,
            member.name if member is not None else "",
            self._key.name if self._key is not None else "",
            incoming.received if incoming is not None else 0,
            reply.sent,
            now - request.started,
            None if begun is None else begun - request.started,
            reply.tail,
            note,
        )
        gateway.over(self, ended)
        if member is not None:
            self._member = None
            gateway.scheduler.done(member.name, now)
