"""The access log: a line per request, without prompts and keys, written in batches.

POST /v1/chat/completions 200 demo demo 812 1532 12.3ms req-… laptop
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from modelscan.gateway.http.request import Request

_EVERY_SECONDS = 0.25
_MOST_LINES = 512
_LONGEST_WORD = 200
_SHOWN = bytes(byte if 32 < byte < 127 else 63 for byte in range(256))  # noqa: PLR2004  printable ASCII, else `?`


class AccessLine(NamedTuple):
    """A request that is over: bytes received and sent of the bodies, the names of what served it and of its key."""

    request: Request
    status: int
    model: str
    deployment: str
    received: int
    sent: int
    seconds: float
    key: str
    note: str


class Journal:
    """`write` takes whole lines; they come a quarter of a second late at most."""

    def __init__(self, write: Callable[[bytes], object], *, enabled: bool) -> None:
        self._write = write
        self._enabled = enabled
        self._lines: list[bytes] = []
        self._timer: asyncio.TimerHandle | None = None

    def request(self, entry: AccessLine) -> None:
        if not self._enabled:
            return
        request = entry.request
        what = f"{entry.status} {_word(entry.model)} {_word(entry.deployment)} {entry.received} {entry.sent}"
        whose = f"{_word(entry.key)} {entry.note}".rstrip()
        took = b"%.1fms" % (entry.seconds * 1000)
        path, number = _printable(request.path), _printable(request.id)
        self.line(b" ".join((request.method, path, what.encode(), took, number, whose.encode())))

    def say(self, text: str) -> None:
        """What is no request: starts, stops, reloads."""
        self.line(text.encode())

    def line(self, line: bytes) -> None:
        self._lines.append(line)
        if len(self._lines) >= _MOST_LINES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_EVERY_SECONDS, self.flush)

    def flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            lines, self._lines = self._lines, []
            self._write(b"\n".join(lines) + b"\n")


def _word(text: str) -> str:
    """One word, whatever a client made of it."""
    if text.isprintable() and " " not in text and len(text) <= _LONGEST_WORD:
        return text or "-"
    return "".join(char if char.isprintable() and not char.isspace() else "?" for char in text[:_LONGEST_WORD])


def _printable(text: bytes) -> bytes:
    return text[:_LONGEST_WORD].translate(_SHOWN)
