"""A request as far as it has been read."""

from __future__ import annotations

import itertools
import secrets

from modelscan.gateway.http.framing import Headers
from modelscan.gateway.http.paths import Path

_LONGEST_ID = 128
_NUMBERS = itertools.count()
_OURS = b"req-" + secrets.token_hex(6).encode()  # of this process; a number follows


_READ = frozenset({b"content-length", b"transfer-encoding", b"authorization", b"x-api-key", b"expect", b"x-request-id"})


class Request:
    """`body` is what of it has arrived and was not sent on; `complete` once nothing more comes."""

    __slots__ = (
        *("body", "chunked", "complete", "headers", "id", "keep_alive", "length", "method", "path", "query"),
        *("api_key", "bearer", "expects", "route", "started", "version"),
    )

    def __init__(self, method: bytes, target: bytes, version: str, headers: Headers, *, now: float) -> None:
        self.method = method
        self.path, _, query = target.partition(b"?")
        self.query = b"?" + query if query else b""
        self.version = version
        self.headers = headers
        self.body = bytearray()
        self.complete = False
        self.keep_alive = True
        self.started = now
        self.route: Path | None = None
        self.length: int | None = None
        self.chunked = False
        self.id = b""
        self.bearer = self.api_key = b""
        self.expects = False
        for name, value in headers:
            if name in _READ:
                self._read(name, value)
        self.id = self.id or b"%b-%x" % (_OURS, next(_NUMBERS))

    def _read(self, name: bytes, value: bytes) -> None:
        match name:
            case b"content-length":
                self.length = int(value)
            case b"transfer-encoding":
                self.chunked = True
            case b"authorization":
                self.bearer = self.bearer or value
            case b"x-api-key":
                self.api_key = self.api_key or value
            case b"expect":
                self.expects = value.lower() == b"100-continue"
            case _:
                if len(value) <= _LONGEST_ID and value.isascii():
                    self.id = value

    def header(self, name: bytes) -> bytes:
        """The first of that name; empty where there is none."""
        return next((value for key, value in self.headers if key == name), b"")

    @property
    def has_body(self) -> bool:
        return self.chunked or bool(self.length)
