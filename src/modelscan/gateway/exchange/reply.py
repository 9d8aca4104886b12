"""What goes to the client: a head, then a body in the framing that this client understands, and how it may end."""

from __future__ import annotations

from modelscan.gateway.http.answers import REASONS, Refusal, error_document, error_event, json_body
from modelscan.gateway.http.connection import ClientConnection
from modelscan.gateway.http.framing import Headers, passed_on
from modelscan.gateway.http.request import Request
from modelscan.gateway.upstream.answer import AnswerHead

_OURS = frozenset({b"x-request-id", b"x-modelscan-deployment", b"content-length"})
# What an endpoint says of its own host would be taken for the gateway's.
_OF_ITS_HOST = frozenset({b"set-cookie", b"alt-svc", b"strict-transport-security", b"report-to", b"nel"})
_LEFT_OUT = _OURS | _OF_ITS_HOST
_EVENTS = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"x-request-id: %b\r\nx-modelscan-deployment: %b\r\n"
)
# How streams of events say that they are whole, for those whose end is the end of the connection.
_WHOLE = (b"[DONE]", b"message_stop", b"response.completed", b"response.incomplete", b"response.failed")
_TAIL_BYTES = 1_024  # holds what an answer took, and how it ended


class Reply:
    """`status` is None until a head was sent; `sent` counts the bytes of the body, and `tail` is their end."""

    __slots__ = (
        "_chunked",
        "_client",
        "_expected",
        "_out",
        "_request",
        "events",
        "open_ended",
        "sent",
        "status",
        "tail",
    )

    def __init__(self, client: ClientConnection, request: Request) -> None:
        self._client = client
        self._request = request
        self._chunked = False
        self._expected: int | None = None
        self.tail = b""
        self._out: list[bytes] = []
        self.status: int | None = None
        self.events = False
        self.open_ended = False
        self.sent = 0

    def open(self, head: AnswerHead, length: int | None, deployment: str) -> None:
        """Send the head of an endpoint's answer."""
        if head.passed is None or head.passed[0] != deployment:
            head.passed = (deployment, *_passed(head, deployment))
        _, before, after = head.passed
        lines = before + self._request.id + after
        self.events = head.events
        self.open_ended = length is None and not head.chunked
        self._frame(lines, head.status, length)

    def open_events(self, deployment: str) -> None:
        """Send the head of a stream of events whose endpoint is still starting."""
        self.events = True
        self._frame(_EVENTS % (self._request.id, deployment.encode()), 200, None)

    def _frame(self, lines: bytes, status: int, length: int | None) -> None:
        self.status = status
        request = self._request
        if status in {204, 304} or request.head.method == b"HEAD":
            self._expected = 0
        else:
            self._expected = length
        if length is not None:
            lines += b"content-length: %d\r\n" % length
        elif self._expected is None and request.head.version == "1.1":
            self._chunked = True
            lines += b"transfer-encoding: chunked\r\n"
        elif self._expected is None:
            request.keep_alive = False
        self._out.append(lines + (b"\r\n" if request.keep_alive else b"connection: close\r\n\r\n"))

    def data(self, data: bytes) -> None:
        self.sent += len(data)
        self.tail = data if len(data) >= _TAIL_BYTES else (self.tail + data)[-_TAIL_BYTES:]
        self._out.append(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def flush(self) -> None:
        """Write what there is: once for what came in at once."""
        if self._out:
            self._client.write(self._out[0] if len(self._out) == 1 else b"".join(self._out))
            self._out.clear()

    def comment(self, text: str) -> None:
        """A line that clients of events skip."""
        self.data(f": {text}\n\n".encode())
        self.flush()

    def end(self) -> None:
        """The answer is whole."""
        if self._chunked:
            self._out.append(b"0\r\n\r\n")
        self.flush()
        short = self._expected is not None and self.sent < self._expected and self._request.head.method != b"HEAD"
        self._client.finished(close=short)

    @property
    def is_whole(self) -> bool:
        """Whether a stream of events that ended with its connection had said so before."""
        return not (self.events and self.open_ended) or any(word in self.tail for word in _WHOLE)

    def break_off(self, refusal: Refusal, *, anthropic: bool) -> None:
        """The answer will not become whole: an event says so, or the connection does. Never a clean end."""
        if not self.events:
            self._client.abort()
            return
        gap = b"" if not self.sent or self.tail.endswith(b"\n\n") else b"\n\n"
        self.data(gap + error_event(refusal, anthropic=anthropic))
        self.end()

    def refuse(self, refusal: Refusal, *, anthropic: bool, close: bool = False) -> None:
        """An answer of our own instead of an endpoint's."""
        if self.status is not None:
            self.break_off(refusal, anthropic=anthropic)
            return
        self.status = refusal.status
        headers: Headers = [] if refusal.retry_after is None else [(b"retry-after", b"%d" % refusal.retry_after)]
        if refusal.status == 401:  # noqa: PLR2004  which has to say how one gets in
            headers.append((b"www-authenticate", b"Bearer"))
        body = json_body(error_document(refusal, anthropic=anthropic))
        if close:
            self._request.keep_alive = False
        self._client.respond(self._request, refusal.status, body, headers=headers)
        self._client.finished(close=close)


def _passed(head: AnswerHead, deployment: str) -> tuple[bytes, bytes]:
    """The status line and those headers that go on to the client, before and after the id of the request."""
    lines = [b"HTTP/1.1 %d %b" % (head.status, REASONS.get(head.status, b""))]
    lines += [name + b": " + value for name, value in passed_on(head.headers, _LEFT_OUT)]
    after = b"x-modelscan-deployment: %b\r\n" % deployment.encode() if deployment else b""
    return b"\r\n".join(lines) + b"\r\nx-request-id: ", b"\r\n" + after
