"""The head of an endpoint's answer."""

from __future__ import annotations

from modelscan.gateway.http.framing import Headers

_EVENTS = b"text/event-stream"


class AnswerHead:
    """`headers` have their names in lower case; where a head comes again (`Repeated`), `content-length` is that of the
    first. `passed` is what a client is given of them, once somebody has made it: for which deployment, what stands
    before the id of a request, and what after it.
    """

    __slots__ = ("chunked", "events", "headers", "passed", "status")

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        self.chunked = self.events = False
        self.passed: tuple[str, bytes, bytes] | None = None
        for name, value in headers:
            if name == b"content-type":
                self.events = value.lower().startswith(_EVENTS)
            elif name == b"transfer-encoding":
                self.chunked = True

    @property
    def length(self) -> int | None:
        """What its `content-length` says, if it has one that can be read."""
        said = next((value for name, value in self.headers if name == b"content-length"), b"")
        return int(said) if said.isdigit() else None

    @property
    def is_packed(self) -> bool:
        """Whether its body cannot be read as it is."""
        return any(name == b"content-encoding" for name, _ in self.headers)
