"""One connection to an endpoint: a request goes out, its answer comes in as events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import httptools

from modelscan.gateway.http.framing import Headers
from modelscan.gateway.http.repeated import Repeated, repeated
from modelscan.gateway.upstream.address import Address
from modelscan.gateway.upstream.answer import AnswerHead

_SLICE = 262_144  # a large body goes out in slices, so that it is not copied into the transport's buffer at once
_NOTHING = memoryview(b"")
_NO_BODY = frozenset({204, 304})


class Answer(Protocol):
    """Who waits for the answer."""

    def answer_head(self, head: AnswerHead, length: int | None) -> None:
        """The final one; `length` is that of the body in bytes, None where it is not known yet."""
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

    __slots__ = (
        *("_answer", "_begun", "_data", "_done", "_head_done", "_headers", "_idle_again", "_informed"),
        *("_keep", "_learning", "_left", "_more", "_open_ended", "_parser", "_paused", "_repeated", "_rest"),
        *("_told_head", "_transport", "address", "closed", "idle_since", "used"),
    )

    def __init__(self, address: Address, idle_again: Callable[[UpstreamConnection], None]) -> None:
        self.address = address
        self._idle_again = idle_again
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._answer: Answer | None = None
        self._rest = _NOTHING
        self._more = False  # of the request's body is still to come
        self._paused = False
        self._open_ended = False  # the answer ends when the connection does
        self._repeated: Repeated[AnswerHead] | None = None
        self._learning: Repeated[AnswerHead] | None = None
        self._left = 0  # of an answer whose head came before: its bytes are only counted
        self.used = 0
        self.idle_since: float | None = None
        self.closed = False
        self._reset()

    def _reset(self) -> None:
        self._headers: Headers = []
        self._data: list[bytes] = []
        self._begun = self._head_done = self._done = self._told_head = self._keep = self._informed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def send(self, answer: Answer, head: bytes, body: bytes | bytearray, *, more: bool = False) -> None:
        """Send a request; with `more` of its body to follow by `write`."""
        assert self._transport is not None  # noqa: S101  it is connected before it is handed out
        self._answer, self._more = answer, more
        self.used += 1
        self._begun = self._told_head = self._open_ended = False
        if len(body) <= _SLICE:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._rest = memoryview(body)
            self._push()

    def write(self, data: bytes | bytearray, *, more: bool = True) -> None:
        """A further piece of the request's body; the last one where no `more` follows."""
        self._more = more
        if data and self._transport is not None and not self.closed:
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
        self._rest = _NOTHING
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
            self._headers, self._head_done, self._informed = [], False, True
        else:
            self._done = True
            self._keep = self._parser.should_keep_alive()  # only now: a moment later the parser has forgotten

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:
            self.close()  # nothing was asked
        elif self._left:
            self._counted(answer, data)
        elif self._begun:
            self._parse(data, None)
        elif self._repeated is not None and (found := self._repeated.split(data)) and len(found[1]) <= found[0]:
            self._begun = self._told_head = self._keep = True
            answer.answer_head(self._repeated.head, found[0])
            if self._answer is not None:
                self._left = found[0]
                self._counted(answer, found[1])
        else:
            self._reset()
            self._begun = True
            self._parser = httptools.HttpResponseParser(self)
            self._parse(data, data)

    def _counted(self, answer: Answer, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            self._left = 0
            self._lose("its answer is longer than it said")
            return
        if data:
            answer.answer_data(data)
        if self._answer is None:
            return
        if self._left:
            answer.answer_pause()
        else:
            self._finish(answer)

    def _parse(self, data: bytes, first: bytes | None) -> None:
        """`first` is the same data where an answer begins with it."""
        assert self._parser is not None  # noqa: S101  made when the answer began
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # a bug of ours: the loop tells it and closes the connection
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._lose("its answer is not valid HTTP")
            return
        self._tell(first)

    def _tell(self, first: bytes | None) -> None:
        answer = self._answer
        assert answer is not None  # noqa: S101  checked by the callers
        assert self._parser is not None  # noqa: S101  as above
        if self._head_done and not self._told_head:
            self._told_head = True
            head = AnswerHead(self._parser.get_status_code(), self._headers)
            length = head.length
            bare = head.status in _NO_BODY
            self._open_ended = length is None and not head.chunked and not bare and not self._done
            self._learning = repeated(first, head) if first and not bare and not self._informed else None
            answer.answer_head(head, length)
        if self._data and self._answer is not None:
            data = self._data[0] if len(self._data) == 1 else b"".join(self._data)
            self._data = []
            answer.answer_data(data)
        if self._done and self._answer is not None:
            if self._keep and self._learning is not None:
                self._repeated = self._learning
            self._finish(answer)
        elif self._answer is not None:
            answer.answer_pause()

    def _finish(self, answer: Answer) -> None:
        self._answer = self._parser = self._learning = None
        # An endpoint that answered before it had the whole body takes what is sent next for the rest of it.
        reusable = self._keep and not self._rest and not self._more and not self.closed
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
