"""The access log: a line per request, without prompts and keys, written in batches.

POST /v1/chat/completions 200 demo demo 812 1532 12.3ms req-… laptop
"""

from __future__ import annotations

import functools

import msgspec

from modelscan.gateway.http.request import Request, printable
from modelscan.gateway.log_pipe import LogPipe

_LONGEST_WORD = 200


class EndedRequest(msgspec.Struct, frozen=True, gc=False):
    """A request that is over. A `Struct` is made in a tenth of the time that a named tuple takes.

    `model` and `deployment` are names, where it was for one; `key` is that of the client's. `received` and `sent` are
    bytes of the bodies, `first` the seconds to its first byte, `tail` the end of what was sent.
    """

    request: Request
    status: int
    model: str
    deployment: str
    key: str
    received: int
    sent: int
    seconds: float
    first: float | None
    tail: bytes
    note: str


class Journal:
    """Lines go to `pipe` at each `flush`, as many as there are."""

    def __init__(self, pipe: LogPipe, *, enabled: bool) -> None:
        self._pipe = pipe
        self._enabled = enabled
        self._lines: list[bytes] = []

    def request(self, ended: EndedRequest) -> None:
        if not self._enabled:
            return
        request, head, note = ended.request, ended.request.head, ended.note
        line = b"%b %d %b %b %d %d %.1fms %b %b%b" % (
            head.shown,
            ended.status,
            _word(ended.model),
            _word(ended.deployment),
            ended.received,
            ended.sent,
            ended.seconds * 1000,
            printable(request.id) if head.id else request.id,
            _word(ended.key),
            b" " + note.encode() if note else b"",
        )
        self._lines.append(line)

    def say(self, text: str) -> None:
        """What is no request: starts, stops, reloads."""
        self._lines.append(text.encode())

    def flush(self) -> bool:
        """Returns whether all lines are written."""
        lines, self._lines = self._lines, []
        return self._pipe.put(lines)


@functools.lru_cache(256)
def _word(text: str) -> bytes:
    """One word, whatever a client made of it."""
    if not text.isprintable() or " " in text or len(text) > _LONGEST_WORD:
        text = "".join(char if char.isprintable() and not char.isspace() else "?" for char in text[:_LONGEST_WORD])
    return text.encode() or b"-"
