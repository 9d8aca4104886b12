"""One connection of a client: parsing, pipelining, limits, backpressure. What is answered is decided elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import httptools

from modelscan.dataclasses import dataclass
from modelscan.gateway.http.answers import Refusal, error_document, head, json_body
from modelscan.gateway.http.framing import MOST_HEADER_BYTES, MOST_HEADERS, Headers, refused_head
from modelscan.gateway.http.repeated import Repeated, repeated
from modelscan.gateway.http.request import Request, RequestHead
from modelscan.system.clock import Clock

_LINGER_SECONDS = 2.0
_LINGER_BYTES = 10_000_000
_NEVER = float("inf")


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientLimits:
    """`body` is in bytes, the others in seconds: for a head, without progress of a body, between requests."""

    body: int
    head: float = 30.0
    stalled: float = 60.0
    idle: float = 75.0


class RequestHandler(Protocol):
    """Answers one request. It ends with `ClientConnection.finished`, once."""

    def head_complete(self) -> None: ...

    def body_data(self, data: bytes) -> None: ...

    def body_complete(self) -> None: ...

    def whole(self, body: bytes) -> None:
        """All of these three at once, for a request that came in one piece."""
        ...

    def client_gone(self) -> None: ...

    def client_paused(self, paused: bool) -> None: ...


class ClientConnection(asyncio.Protocol):
    """Requests are answered one after the other; what is sent ahead waits, and no more than one buffer of it."""

    __slots__ = (
        *("_ahead", "_between", "_clock", "_closing", "_connections", "_current", "_handler", "_head_bytes"),
        *("_headers", "_in_head", "_is_paused", "_last", "_limits", "_lingering", "_make", "_parser"),
        *("_reading", "_refusal", "_repeated", "_size", "_target", "_transport", "closed", "deadline"),
    )

    def __init__(
        self,
        make: Callable[[ClientConnection, Request], RequestHandler],
        *,
        limits: ClientLimits,
        clock: Clock,
        connections: set[ClientConnection],
    ) -> None:
        self._make = make
        self._limits = limits
        self._clock = clock
        self._connections = connections
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpRequestParser | None = None  # there as long as there is something to read
        self._current: Request | None = None
        self._handler: RequestHandler | None = None
        self._ahead: list[Request] = []
        self._reading: Request | None = None  # the one whose body comes in
        self._target, self._head_bytes, self._size = b"", 0, 0
        self._headers: Headers = []
        self._in_head = True
        self._between = True  # the parser is at the begin of a request
        self._last: Request | None = None  # the one that was complete last
        self._repeated: Repeated[RequestHead] | None = None
        self._refusal: Refusal | None = None
        self._closing = self._is_paused = False
        self._lingering = 0
        self.closed = False
        self.deadline = 0.0

    # The transport's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._connections.add(self)
        self.deadline = self._clock.monotonic() + self._limits.head

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  however it came
        self.closed = True
        self._connections.discard(self)
        self._ahead.clear()
        handler, self._handler = self._handler, None
        if handler is not None:
            handler.client_gone()

    def eof_received(self) -> bool:
        return False  # a client that says nothing more has left, as it has for nginx

    def pause_writing(self) -> None:
        if self._handler is not None:
            self._handler.client_paused(True)

    def resume_writing(self) -> None:
        if self._handler is not None:
            self._handler.client_paused(False)

    def data_received(self, data: bytes) -> None:
        if self._lingering:
            self._lingering += len(data)
            if self._lingering > _LINGER_BYTES:
                self.abort()
            return
        known, between = self._repeated, self._between
        if self._closing:
            return
        if known is not None and between and self._current is None and (body := known.whole(data)) is not None:
            self._again(known.head, body)
        else:
            self._parse(data, between=between)

    def _parse(self, data: bytes, *, between: bool) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        if self._parser is None:
            self._parser = httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._closing = True  # the request is answered without an upgrade, and nothing after it is read
        except httptools.HttpParserError as error:
            if isinstance(error, httptools.HttpParserCallbackError) and self._refusal is None:
                raise  # a bug of ours: the loop tells it and closes the connection
            self._refuse(self._refusal or Refusal(400, "the request is not valid HTTP", "bad_request"))
            return
        if self._in_head and self._head_bytes > MOST_HEADER_BYTES:
            self._refuse(_TOO_LONG)
        elif self._ahead:
            self.pause_reading()
        last, self._last = self._last, None
        if last is not None and last.keep_alive and self._between:
            self._parser = None
            if between:
                self._remember(data, last)

    # What the parser finds.

    def on_message_begin(self) -> None:
        self._target, self._headers, self._in_head, self._between = b"", [], True, False
        self._head_bytes = self._size = 0

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer is dropped
            self._headers.append((name.lower(), value))
            self._size += len(name) + len(value) + 4

    def on_headers_complete(self) -> None:
        assert self._parser is not None  # noqa: S101  it is calling
        self._in_head = False
        headers: Headers = self._headers
        method, version = self._parser.get_method(), self._parser.get_http_version()
        refusal = refused_head(method, self._target, version, headers)
        if len(self._target) + self._size > MOST_HEADER_BYTES or len(headers) > MOST_HEADERS:
            refusal = _TOO_LONG
        if refusal is not None:
            self._refusal = refusal
            raise ValueError(refusal.message)  # ends the parsing of this connection
        read = RequestHead(method, self._target, version, headers)
        read.keep_alive = self._parser.should_keep_alive()
        request = read.request(read.length, now=self._clock.monotonic())
        self._reading = request
        if self._current is None:
            self._begin(request)
        else:
            self._ahead.append(request)

    def on_body(self, data: bytes) -> None:
        request = self._reading
        if request is None:
            return
        self.deadline = self._clock.monotonic() + self._limits.stalled
        if request is self._current and self._handler is not None:
            self._handler.body_data(data)
        elif request is not self._current:
            request.keep(data)

    def on_message_complete(self) -> None:
        request, self._reading = self._reading, None
        self._in_head, self._head_bytes, self._between = True, 0, True
        if request is None:
            return
        request.complete = True
        self._last = request
        if request is self._current:
            self.deadline = _NEVER
            if self._handler is not None:
                self._handler.body_complete()
            else:
                self._next()  # it was answered before its body was whole

    # A head that comes again.

    def _remember(self, data: bytes, request: Request) -> None:
        """`data` began with a request and ended with the same or another: only one alone is remembered."""
        if request.head.expects:
            return
        found = repeated(data, request.head)
        if found is not None and found.whole(data) is not None:
            self._repeated = found

    def _again(self, head: RequestHead, body: bytes) -> None:
        """A whole request whose head was read before."""
        self._current = request = head.request(len(body), now=self._clock.monotonic(), complete=True)
        self.deadline = _NEVER
        self._handler = handler = self._make(self, request)
        handler.whole(body)

    # The answering side.

    def write(self, data: bytes) -> None:
        if self._transport is not None and not self.closed:
            self._transport.write(data)

    def respond(
        self, request: Request, status: int, body: bytes, *, headers: Headers | None = None, kind: bytes = b""
    ) -> None:
        """A whole answer of our own."""
        lines = [(b"content-type", kind or b"application/json"), (b"content-length", b"%d" % len(body))]
        lines += [*(headers or []), (b"x-request-id", request.id)]
        if not request.keep_alive:
            lines.append((b"connection", b"close"))
        self.write(head(status, lines) + (b"" if request.head.method == b"HEAD" else body))

    def continue_body(self) -> None:
        self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def finished(self, *, close: bool = False) -> None:
        """The current request is answered. `close`: nothing more can be sent in order."""
        request = self._current
        self._handler = None
        if request is None or self.closed:
            return
        if close or not request.keep_alive or self._closing:
            self._close(clean=request.complete)
        elif request.complete:
            self._next()
        # Otherwise what is left of its body is read and dropped, within the limits of a body.

    def _begin(self, request: Request) -> None:
        self._current = request
        self.deadline = self._clock.monotonic() + self._limits.stalled
        self._handler = self._make(self, request)
        self._handler.head_complete()

    def _next(self) -> None:
        self._current = None
        self.deadline = self._clock.monotonic() + self._limits.idle
        if not self._ahead:
            if self._is_paused:
                self.resume_reading()
            return
        request = self._ahead.pop(0)
        asyncio.get_running_loop().call_soon(self._resume, request)  # not from within the answer before it

    def _resume(self, request: Request) -> None:
        if self.closed:
            return
        body, request.body = bytes(request.body), b""
        self._begin(request)
        if self._handler is not None and body:
            self._handler.body_data(body)
        if request.complete and self._handler is not None:
            self.deadline = _NEVER
            self._handler.body_complete()
        elif request.complete:
            self._next()
        if not self._ahead:
            self.resume_reading()

    def expired(self) -> None:
        """Its deadline has passed: in the middle of a request that is told, between requests it is not."""
        if self._lingering:
            self.abort()
        elif self._current is not None or not self._between:
            self._refuse(Refusal(408, "the request did not arrive in time", "request_timeout"))
        else:
            self.close_when_idle()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer, if nothing was answered yet, and end the connection."""
        if self._lingering or self._transport is None or self._transport.is_closing():
            return  # the answer was the last one
        if self._handler is None and not self.closed:
            body = json_body(error_document(refusal))
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
            self.write(head(refusal.status, [*headers, (b"connection", b"close")]) + body)
            self._close(clean=False)
        elif self._current is not None and not self._current.complete:
            self.abort()  # its body broke off or is no HTTP: nobody can go on from here
        else:
            self._closing = True
            self._ahead.clear()

    def _close(self, *, clean: bool) -> None:
        """Close after what was written. Where more may be coming it is read and dropped for a moment: a reset would
        take the answer from the client.
        """
        if self._transport is None or self.closed:
            return
        if clean or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._lingering = 1
        self._transport.write_eof()
        self.resume_reading()
        self.deadline = self._clock.monotonic() + _LINGER_SECONDS

    def close_when_idle(self) -> None:
        """Close now, or after the answer that is under way."""
        if self._lingering:
            self.abort()
        elif self._current is None and self._transport is not None:
            self._transport.close()
        else:
            self._closing = True

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        """It is not to blame for what it does not send from now on."""
        self.deadline = _NEVER
        if self._transport is not None and not self.closed:
            self._is_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self.deadline == _NEVER and (self._reading is not None or self._current is None):
            self.deadline = self._clock.monotonic() + self._limits.stalled
        if self._transport is not None and not self.closed:
            self._is_paused = False
            self._transport.resume_reading()


_TOO_LONG = Refusal(431, f"the headers are longer than {MOST_HEADER_BYTES // 1024} kB", "headers_too_long")
