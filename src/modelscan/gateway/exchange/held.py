"""An error of an endpoint, kept until it is whole, and told as the gateway tells errors. Pure."""

from __future__ import annotations

from modelscan.gateway.http.answers import Refusal, error_document, in_our_shape, json_body
from modelscan.gateway.upstream.answer import AnswerHead
from modelscan.routing.compiled import TableMember

_TRY_ELSEWHERE = frozenset({502, 503, 504})
_SPENT = 429
_LACKS = frozenset({404, 405, 501})
_FORBIDDEN = 403
_MOST_BYTES = 65_536
_MOST_SHOWN = 500
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


def leads_elsewhere(status: int, member: TableMember) -> bool:
    """Whether another may have a better answer. An upstream's limit is spent; a deployment's own queue is worth
    waiting for.
    """
    return status in _TRY_ELSEWHERE or (status == _SPENT and member.kind == "upstream")


def is_held(head: AnswerHead) -> bool:
    """Whether a client gets this answer changed: that a route is missing, or what may repeat the endpoint's key."""
    return head.status == _FORBIDDEN or (head.status in _LACKS and not head.is_packed)


class HeldAnswer:
    """`key` is the endpoint's, which no client sees."""

    __slots__ = ("_body", "_head", "_key")

    def __init__(self, head: AnswerHead, key: str) -> None:
        self._head = head
        self._key = key.encode()
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """What is too much for an error is left out."""
        if len(self._body) < _MOST_BYTES:
            self._body += data

    def refusal(self, name: str) -> Refusal:
        """For a stream that has begun."""
        said = self._told()[:_MOST_SHOWN].decode("utf-8", "replace")
        status = self._head.status
        return Refusal(status, f"`{name}` answered {status}: {said}", "upstream_error")

    def whole(self) -> tuple[AnswerHead, bytes]:
        """As it is, or in our shape where a route is missing."""
        head, body, dropped = self._head, self._told(), set(_FRAMING)
        ours = in_our_shape(head.status, body) if head.status in _LACKS else None
        if head.is_packed:  # who knows what it repeats
            ours = json_body(error_document(Refusal(head.status, "the endpoint denies access", "upstream_error")))
        if ours is not None:
            body = ours
            dropped |= {b"content-type", b"content-encoding"}
        headers = [item for item in head.headers if item[0] not in dropped]
        if ours is not None:
            headers.append((b"content-type", b"application/json"))
        return AnswerHead(head.status, headers), body

    def _told(self) -> bytes:
        body = b"" if self._head.is_packed else bytes(self._body)
        return body.replace(self._key, b"***") if self._key else body
