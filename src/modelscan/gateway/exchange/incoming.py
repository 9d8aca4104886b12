"""The body of a request for a model, as it comes in and as it is carried on.

JSON is kept whole: its model may stand at its end, and it can be sent once more. Of a form only what comes before its
model is kept; its file passes by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.gateway.bodies.multipart import MultipartScan
from modelscan.gateway.bodies.peek import BadBody, Peek, peek, read_whole
from modelscan.gateway.bodies.rewriting import asks_for_structure, rewritten
from modelscan.gateway.exchange.carried import chunk
from modelscan.gateway.http.request import Request
from modelscan.routing.compiled import TableMember

_NOTHING: Mapping[str, Any] = {}


class Incoming:
    """At `most` that many bytes. `received` counts those that came; `seen` is what a JSON body says, and `model` what
    either kind of body names, None as long as it is not known.
    """

    __slots__ = ("_most", "_request", "_scan", "_streams", "model", "received", "seen")

    def __init__(self, request: Request, *, most: int) -> None:
        """Raises BadBody for a form without a boundary, and for a length that is too much."""
        self._request = request
        self._most = most
        if request.length is not None and request.length > most:
            raise _too_large(most)
        self._scan: MultipartScan | None = None
        self._streams = False
        self.received = 0
        self.seen: Peek | None = None
        self.model: str | None = None
        if request.head.route is not None and request.head.route.kind == "form":
            self._scan = MultipartScan(request.head.header(b"content-type"))

    @property
    def is_whole(self) -> bool:
        """Whether all that came is still here, so that it can be sent once more."""
        return len(self._request.body) == self.received

    @property
    def wants_events(self) -> bool:
        return self.seen is not None and self.seen.stream

    @property
    def wants_structure(self) -> bool:
        return self.seen is not None and asks_for_structure(self._request.body)

    def fill(self, body: bytes) -> bool:
        """With all of it at once; False for a form, which is looked into piece by piece."""
        if self._scan is not None:
            return False
        self._request.body = body
        self.received = len(body)
        return True

    def take(self, data: bytes) -> bytes | None:
        """A piece of it: kept, or returned as it goes on to the endpoint. Raises BadBody."""
        self.received += len(data)
        if self.received > self._most:
            raise _too_large(self._most)
        if self._scan is not None:
            self._scan.feed(data)
            self.model = self._scan.model
        if self._streams:
            return data if self._request.length is not None else chunk(data)
        self._request.keep(data)
        return None

    def end(self) -> bytes:
        """It is complete; what of its framing still goes on. Raises BadBody for one that names no model."""
        if self._scan is None:
            self.seen = seen = peek(self._request.body)
            self.model = seen.model if seen is not None else None
        elif self._scan.model is None:
            raise BadBody("the form must name a `model`", param="model")
        return chunk(b"") if self._streams and self._request.length is None else b""

    def read_whole(self) -> None:
        """For a large one that a search could not tell: slow, so not in the thread that serves. Raises BadBody."""
        self.seen = read_whole(self._request.body)
        self.model = self.seen.model

    def carried(self, member: TableMember, target: str) -> tuple[bytes | bytearray, int | None]:
        """What of it goes to a member's endpoint now, with another model or defaults where it must be, and the length
        of all of it: None where that is not known. `target` is the name of the table that was asked for.
        """
        request, said = self._request, member.adapters.get(target, _NOTHING)
        model = said.get("model") or (self.model if self.model in member.serves else member.model)
        if self.seen is not None and model == self.model and not member.defaults and not said:
            return request.body, len(request.body)
        if self.seen is not None:
            route = request.head.route
            spelled = route.sampling if route is not None else {}
            whole = rewritten(
                request.body, self.seen, model=model, defaults=member.defaults, spelled=spelled, said=said
            )
            return whole, len(whole)
        assert self._scan is not None  # noqa: S101  a form, since there is no JSON
        assert self._scan.span is not None  # noqa: S101  its model is known
        self._streams = True
        start, end = self._scan.span
        body = bytes(request.body)
        if self._scan.model != model:
            body = body[:start] + model.encode() + body[end:]
        if request.length is not None:
            return body, request.length + len(body) - len(request.body)
        return chunk(body) + (chunk(b"") if request.complete else b""), None


def _too_large(most: int) -> BadBody:
    return BadBody(f"the body is larger than {most} bytes", status=413, code="body_too_large")
