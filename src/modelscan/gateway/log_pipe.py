"""The pipe to whoever keeps the log, which may be full: answers never wait for it, and no line is lost unsaid."""

from __future__ import annotations

from collections.abc import Callable

_MOST_BYTES = 1 << 20  # waiting: some 10,000 requests of a usual length


class LogPipe:
    """`write` takes what fits now and says how much that was; it raises BlockingIOError where nothing does, and another
    OSError where nobody reads any more.
    """

    def __init__(self, write: Callable[[bytes | bytearray], int], *, most: int = _MOST_BYTES) -> None:
        self._write = write
        self._most = most
        self._waiting = bytearray()
        self._dropped = 0

    def put(self, lines: list[bytes]) -> bool:
        """Write whole lines, after those that wait; without any these are tried again. Returns whether all is written.

        Where too much waits the lines are dropped, and a line in their place says how many.
        """
        self._send()
        if self._dropped and not self._waiting:
            said = b"%d lines were dropped here: the log was not read in time\n" % self._dropped
            self._waiting += said
            self._dropped = 0
        if lines:
            data = b"\n".join(lines) + b"\n"
            if self._dropped or (self._waiting and len(self._waiting) + len(data) > self._most):
                self._dropped += len(lines)
            else:
                self._waiting += data
        self._send()
        return not self._waiting and not self._dropped

    def _send(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: self._write(self._waiting)]
        except BlockingIOError:
            return
        except OSError:
            self._waiting.clear()
