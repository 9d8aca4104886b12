"""A request as far as it has been read: its head, which many requests can share, and what is of this one alone."""

from __future__ import annotations

import itertools
import secrets
from typing import Any

import msgspec

from modelscan.gateway.http.framing import Headers
from modelscan.gateway.http.paths import path_of

_LONGEST_ID = 128
_LONGEST_SHOWN = 200
_NUMBERS = itertools.count()
_OURS = b"req-" + secrets.token_hex(6).encode()  # of this process; a number follows
_SHOWN = bytes(byte if 32 < byte < 127 else 63 for byte in range(256))  # noqa: PLR2004  printable ASCII, else `?`

_READ = frozenset({b"content-length", b"transfer-encoding", b"authorization", b"x-api-key", b"expect", b"x-request-id"})


class RequestHead:
    """All that does not change where a client sends the same head again, which most do: `length` is of the first.

    `admitted` and `outward` are what others made of it, each with what they made it for; `shown` is for the log.
    """

    __slots__ = (
        *("api_key", "bearer", "chunked", "expects", "headers", "id", "length", "method", "path", "query", "version"),
        *("admitted", "keep_alive", "outward", "route", "shown"),
    )

    def __init__(self, method: bytes, target: bytes, version: str, headers: Headers) -> None:
        self.method = method
        self.path, _, query = target.partition(b"?")
        self.query = b"?" + query if query else b""
        self.version = version
        self.headers = headers
        self.route = path_of(self.path)
        self.keep_alive = True
        self.length: int | None = None
        self.chunked = False
        self.id = b""
        self.bearer = self.api_key = b""
        self.expects = False
        for name, value in headers:
            if name in _READ:
                self._read(name, value)
        self.shown = b"%b %b" % (method, printable(self.path))
        self.admitted: tuple[object, Any] = (None, None)
        self.outward: tuple[object, object, bytes] = (None, None, b"")

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

    def request(self, length: int | None, *, now: float, complete: bool = False) -> Request:
        """One that came with it."""
        return Request(self, length, self.id or b"%b-%x" % (_OURS, next(_NUMBERS)), self.keep_alive, now, complete)

    def header(self, name: bytes) -> bytes:
        """The first of that name; empty where there is none."""
        return next((value for key, value in self.headers if key == name), b"")


class Request(msgspec.Struct, gc=False):
    """`body` is what of it has arrived and was not sent on; `complete` once nothing more comes. `started` is when."""

    head: RequestHead
    length: int | None
    id: bytes
    keep_alive: bool
    started: float
    complete: bool = False
    body: bytes | bytearray = b""

    def keep(self, data: bytes) -> None:
        """A piece of its body, which mostly comes in one."""
        if not self.body:
            self.body = data
        else:
            if isinstance(self.body, bytes):
                self.body = bytearray(self.body)
            self.body += data

    @property
    def has_body(self) -> bool:
        return self.head.chunked or bool(self.length)


def printable(text: bytes) -> bytes:
    """As one word of a log, whatever a client made of it."""
    return text[:_LONGEST_SHOWN].translate(_SHOWN)
