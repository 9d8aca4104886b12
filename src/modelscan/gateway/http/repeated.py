"""A head that comes again on its connection is not read again.

Clients and endpoints that keep a connection send one head after another that differ in nothing but the length of what
follows. Of the last one that was read its bytes are remembered, around the digits of its length. What is the same to
the byte but for those digits is what the parser accepted before, so nothing else has to be known of HTTP here. What one
connection has sent says nothing of another: keys are compared with those of the same client only.
"""

from __future__ import annotations

import re
from typing import Generic, TypeVar

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n", re.IGNORECASE)
_MOST_DIGITS = 9
_LONGEST = 8_192

Head = TypeVar("Head")


class Repeated(Generic[Head]):
    """`head` is what the bytes were read as."""

    __slots__ = ("_after", "_before", "_behind", "_room", "_start", "head")

    def __init__(self, before: bytes, after: bytes, head: Head) -> None:
        self._before = before
        self._after = after
        self._start, self._behind = len(before), len(after)
        self._room = self._start + self._behind + _MOST_DIGITS
        self.head = head

    def split(self, data: bytes) -> tuple[int, bytes] | None:
        """The length of the body and what of it is there, for data that begins with this head."""
        if not data.startswith(self._before):
            return None
        end = data.find(self._after, self._start, self._room)
        digits = data[self._start : end]
        if end < 0 or not digits.isdigit():
            return None
        return int(digits), data[end + self._behind :]

    def whole(self, data: bytes) -> bytes | None:
        """The body, for data that is this head with all of its body, and nothing else."""
        end = data.find(self._after, self._start, self._room)
        digits = data[self._start : end]
        if end < 0 or not digits.isdigit() or int(digits) != len(data) - end - self._behind:
            return None
        return data[end + self._behind :] if data.startswith(self._before) else None


def repeated(data: bytes, head: Head) -> Repeated[Head] | None:
    """What is remembered of data that begins with a head: nothing of one without a length, or of a long one."""
    end = data.find(b"\r\n\r\n", 0, _LONGEST) + 4
    found = _LENGTH.search(data, 0, end)
    if found is None:
        return None
    return Repeated(data[: found.start(1)], data[found.end(1) : end], head)
