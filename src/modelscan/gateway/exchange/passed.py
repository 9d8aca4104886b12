"""What is passed to the HTTP API as it is: `/api/` and `/ui/`, so that one address serves everything."""

from __future__ import annotations

from modelscan.gateway.exchange.carried import chunk, head_for_api
from modelscan.gateway.exchange.reply import Reply
from modelscan.gateway.exchange.surroundings import Surroundings
from modelscan.gateway.http.answers import Refusal
from modelscan.gateway.http.connection import ClientConnection
from modelscan.gateway.http.request import Request
from modelscan.gateway.upstream.answer import AnswerHead
from modelscan.gateway.upstream.connection import UpstreamConnection
from modelscan.gateway.upstream.pool import CannotConnect


class Passage:
    """Handles a request by handing all of it on, piece by piece; its keys are checked where it arrives."""

    def __init__(self, gateway: Surroundings, client: ClientConnection, request: Request) -> None:
        self._gateway = gateway
        self._client = client
        self._request = request
        self._reply = Reply(client, request)
        self._connection: UpstreamConnection | None = None
        self._received = 0
        self._over = False

    def head_complete(self) -> None:
        if self._request.head.expects:
            self._client.continue_body()
        self._gateway.spawn(self._connect())

    async def _connect(self) -> None:
        try:
            made = await self._gateway.connect_api()
        except CannotConnect:
            if not self._over:
                self._refuse(Refusal(404, "the HTTP API is not running", "not_found"))
            return
        if self._over:
            made.close()
            return
        self._connection = made
        request = self._request
        length = request.length if request.length is not None else None if request.head.chunked else 0
        body = bytes(request.body)
        if request.head.chunked:
            body = (chunk(body) if body else b"") + (chunk(b"") if request.complete else b"")
        request.body = b""
        made.send(self, head_for_api(request, length=length), body, more=not request.complete)

    def body_data(self, data: bytes) -> None:
        self._received += len(data)
        if self._over:
            return
        if self._received > self._gateway.limits.body:
            self._refuse(Refusal(413, "the body is too large", "body_too_large"), close=True)
        elif self._connection is None:
            self._request.keep(data)
        else:
            self._connection.write(chunk(data) if self._request.head.chunked else data)

    def body_complete(self) -> None:
        if self._connection is not None:
            self._connection.write(chunk(b"") if self._request.head.chunked else b"", more=False)

    def whole(self, body: bytes) -> None:
        self.head_complete()
        if body:
            self.body_data(body)

    def client_gone(self) -> None:
        self._finish(499)
        if self._connection is not None:
            self._connection.cancel()

    def client_paused(self, paused: bool) -> None:
        if self._connection is not None:
            (self._connection.pause if paused else self._connection.resume)()

    def upstream_paused(self, paused: bool) -> None:
        if not self._request.complete and not self._over:
            (self._client.pause_reading if paused else self._client.resume_reading)()

    def answer_head(self, head: AnswerHead, length: int | None) -> None:
        self._reply.open(head, length, "")
        if self._request.head.method == b"HEAD":
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.cancel()  # its parser waits for a body that does not come
            self.answer_end()

    def answer_data(self, data: bytes) -> None:
        self._reply.data(data)

    def answer_pause(self) -> None:
        self._reply.flush()

    def answer_end(self) -> None:
        self._connection = None
        if not self._over:
            self._finish(self._reply.status or 502)
            self._reply.end()

    def answer_lost(self, why: str, *, begun: bool) -> None:  # noqa: ARG002  the same for both
        self._connection = None
        if not self._over:
            self._refuse(Refusal(502, f"the HTTP API did not finish its answer: {why}", "upstream_died"))

    def _refuse(self, refusal: Refusal, *, close: bool = False) -> None:
        self._finish(refusal.status)
        if self._connection is not None:
            self._connection.cancel()
        self._reply.refuse(refusal, anthropic=False, close=close)

    def _finish(self, status: int) -> None:
        if not self._over:
            self._over = True
            self._gateway.answered_locally(self._request, status, None, self._reply.sent)
