"""One connection to an endpoint: a request goes out, its answer comes in as events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import httptools

from modelscan.gateway.http.framing import Headers

_SLICE = 262_144  # a large body goes out in slices, so that it is not copied into the transport's buffer at once
_NO_BODY = frozenset({204, 304})


class Answer(Protocol):
    """Who waits for the answer."""

    def answer_head(self, status: int, headers: Headers) -> None:
        """The final status and headers, names in lower case."""
        ...

    def answer_data(self, data: bytes) -> None: ...

    def answer_pause(self) -> None:
        """That was all for the moment."""
        ...

    def answer_end(self) -> None: ...

    def answer_lost(self, why: str, *, begun: bool) -> None:
        """The endpoint went away before the answer was whole; `begun`: some of it had arrived."""
        ...

    def upstream_paused(self, paused: bool) -> None:
        """Whether more of the request's body can be taken at the moment."""
        ...


class UpstreamConnection(asyncio.Protocol):
    """Carries one exchange at a time. `idle_again` is called when it can carry another."""

    def __init__(self, idle_again: Callable[[UpstreamConnection], None]) -> None:
        self._idle_again = idle_again
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._answer: Answer | None = None
        self._rest = memoryview(b"")
        self._paused = False
        self._open_ended = False  # the answer ends when the connection does
        self.used = 0
        self.idle_since = 0.0
        self.closed = False
        self._reset()

    def _reset(self) -> None:
        self._headers: Headers = []
        self._data: list[bytes] = []
        self._begun = self._head_done = self._done = self._told_head = self._keep = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def send(self, answer: Answer, head: bytes, body: bytes | bytearray) -> None:
        """Send a request; more of its body may follow by `write`."""
        assert self._transport is not None  # noqa: S101  it is connected before it is handed out
        self._answer = answer
        self._parser = httptools.HttpResponseParser(self)
        self.used += 1
        self._reset()
        if len(body) <= _SLICE:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._rest = memoryview(body)
            self._push()

    def write(self, data: bytes | bytearray) -> None:
        """More of the request's body."""
        if self._transport is not None and not self.closed:
            if self._rest:
                self._rest = memoryview(bytes(self._rest) + data)
                self._push()
            else:
                self._transport.write(data)

    def _push(self) -> None:
        while self._rest and not self._paused and self._transport is not None:
            part, self._rest = self._rest[:_SLICE], self._rest[_SLICE:]
            self._transport.write(part)

    def pause_writing(self) -> None:
        self._paused = True
        if self._answer is not None:
            self._answer.upstream_paused(True)

    def resume_writing(self) -> None:
        self._paused = False
        self._push()
        if self._answer is not None and not self._rest:
            self._answer.upstream_paused(False)

    def pause(self) -> None:
        """The client cannot take more at the moment."""
        if self._transport is not None and not self.closed:
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self.closed:
            self._transport.resume_reading()

    def cancel(self) -> None:
        """Nobody waits for the answer any more: the endpoint sees its client go."""
        self._answer = None
        self.close()

    def close(self) -> None:
        self.closed = True
        self._rest = memoryview(b"")
        if self._transport is not None:
            self._transport.abort()

    # What the parser finds.

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None  # noqa: S101  it is calling
        self._head_done = True

    def on_body(self, data: bytes) -> None:
        self._data.append(data)

    def on_message_complete(self) -> None:
        assert self._parser is not None  # noqa: S101  it is calling
        if self._parser.get_status_code() < 200:  # noqa: PLR2004  informational: the answer is yet to come
            self._headers, self._head_done = [], False
        else:
            self._done = True
            self._keep = self._parser.should_keep_alive()  # only now: a moment later the parser has forgotten

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._parser is None:
            self.close()  # nothing was asked
            return
        self._begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # a bug of ours: the loop tells it and closes the connection
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._lose("its answer is not valid HTTP")
            return
        self._tell()

    def _tell(self) -> None:
        answer = self._answer
        assert answer is not None  # noqa: S101  checked by the callers
        assert self._parser is not None  # noqa: S101  as above
        if self._head_done and not self._told_head:
            self._told_head = True
            status = self._parser.get_status_code()
            names = {name for name, _ in self._headers}
            framed = not names.isdisjoint({b"content-length", b"transfer-encoding"}) or status in _NO_BODY
            self._open_ended = not framed and not self._done
            answer.answer_head(status, self._headers)
        if self._data and self._answer is not None:
            data = self._data[0] if len(self._data) == 1 else b"".join(self._data)
            self._data = []
            answer.answer_data(data)
        if self._done and self._answer is not None:
            self._finish(answer)
        elif self._answer is not None:
            answer.answer_pause()

    def _finish(self, answer: Answer) -> None:
        self._answer = self._parser = None
        reusable = self._keep and not self._rest and not self.closed
        answer.answer_end()
        if reusable:
            self._idle_again(self)
        else:
            self.close()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if self._answer is None:
            return
        if self._told_head and self._open_ended and error is None:
            answer, self._answer = self._answer, None
            answer.answer_end()
        else:
            self._lose("it closed the connection" if error is None else "the connection was reset")

    def _lose(self, why: str) -> None:
        answer, self._answer = self._answer, None
        self.close()
        if answer is not None:
            answer.answer_lost(why, begun=self._begun)
