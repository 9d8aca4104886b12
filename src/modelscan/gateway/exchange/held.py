"""An error of an endpoint, kept until it is whole, and told as the gateway tells errors. Pure."""

from __future__ import annotations

from modelscan.gateway.http.answers import Refusal, error_document, in_our_shape, json_body
from modelscan.gateway.http.framing import Headers

_LACKS = frozenset({404, 405, 501})
_FORBIDDEN = 403
_MOST_BYTES = 65_536
_MOST_SHOWN = 500
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


def is_held(status: int, headers: Headers) -> bool:
    """Whether a client gets this answer changed: that a route is missing, or what may repeat the endpoint's key."""
    return status == _FORBIDDEN or (status in _LACKS and not _is_packed(headers))


def _is_packed(headers: Headers) -> bool:
    """Whether its body cannot be read as it is."""
    return any(name == b"content-encoding" for name, _ in headers)


class HeldAnswer:
    """`key` is the endpoint's, which no client sees."""

    __slots__ = ("_body", "_headers", "_key", "_status")

    def __init__(self, status: int, headers: Headers, key: str) -> None:
        self._status = status
        self._headers = headers
        self._key = key.encode()
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """What is too much for an error is left out."""
        if len(self._body) < _MOST_BYTES:
            self._body += data

    def refusal(self, name: str) -> Refusal:
        """For a stream that has begun."""
        said = self._told()[:_MOST_SHOWN].decode("utf-8", "replace")
        return Refusal(self._status, f"`{name}` answered {self._status}: {said}", "upstream_error")

    def whole(self) -> tuple[int, Headers, bytes]:
        """As it is, or in our shape where a route is missing."""
        body, dropped = self._told(), set(_FRAMING)
        ours = in_our_shape(self._status, body) if self._status in _LACKS else None
        if _is_packed(self._headers):  # who knows what it repeats
            ours = json_body(error_document(Refusal(self._status, "the endpoint denies access", "upstream_error")))
        if ours is not None:
            body = ours
            dropped |= {b"content-type", b"content-encoding"}
        headers = [item for item in self._headers if item[0] not in dropped]
        if ours is not None:
            headers.append((b"content-type", b"application/json"))
        return self._status, [*headers, (b"content-length", b"%d" % len(body))], body

    def _told(self) -> bytes:
        body = b"" if _is_packed(self._headers) else bytes(self._body)
        return body.replace(self._key, b"***") if self._key else body
