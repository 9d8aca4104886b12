"""Copies a backend's output from its pipe to the log, so that the backend never blocks and the disk never fills."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence

from modelscan.storage.logs.log_file import LogFile, stamp_of
from modelscan.system.clock import Clock

_CHUNK_BYTES = 65_536
_LONGEST_LINE_BYTES = 16_384
_LONGEST_READ_BYTES = 4_096  # of a line that is searched for phases; the log keeps it whole
_TAIL_BYTES = 200_000  # enough for the root cause above vLLM's last traceback
_SHORTEST_SECRET = 6  # masking shorter ones would eat ordinary words


class Pump(threading.Thread):
    """Runs until the last writer closes the pipe.

    A progress bar's carriage return ends a line. `secrets` never reach the log.
    """

    def __init__(
        self,
        descriptor: int,
        log: LogFile,
        *,
        clock: Clock,
        on_line: Callable[[str], None],
        secrets: Sequence[str] = (),
    ) -> None:
        super().__init__(name="pump", daemon=True)
        self._descriptor = descriptor
        self._log = log
        self._clock = clock
        self._on_line = on_line
        self._secrets = [secret.encode() for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._rest = b""
        self.listening = True

    def run(self) -> None:
        while data := self._read():
            self.feed(data)
        self.finish()
        self._log.close()

    def feed(self, data: bytes) -> None:
        """What was read, for whoever reads by itself and does not `start` it."""
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE_BYTES:
            whole = self._masked(self._rest)  # a secret that is not whole yet is in what stays
            cut = len(whole) - max(map(len, self._secrets), default=1) + 1
            lines, self._rest = [*lines, whole[:cut]], whole[cut:]
        self._take(lines)

    def finish(self) -> None:
        """The pipe is closed."""
        if self._rest:
            self._take([self._rest])
            self._rest = b""

    def tail(self) -> str:
        """The end of the output, including lines that a full disk kept out of the log."""
        return b"".join(self._tail)[-_TAIL_BYTES:].decode("utf-8", "replace")

    def _read(self) -> bytes:
        try:
            return os.read(self._descriptor, _CHUNK_BYTES)
        except OSError:
            return b""

    def _masked(self, text: bytes) -> bytes:
        for secret in self._secrets:
            text = text.replace(secret, b"***")
        return text

    def _remember(self, text: bytes) -> None:
        """Piece by piece: to copy the whole tail for each would take most of a busy gateway's log."""
        self._tail.append(text)
        self._tail_bytes += len(text)
        while self._tail_bytes - len(self._tail[0]) >= _TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())

    def _take(self, lines: list[bytes]) -> None:
        if not lines:
            return
        if self._secrets:
            lines = [self._masked(line) for line in lines]
        self._remember(b"\n".join(lines) + b"\n")
        self._log.write(stamp_of(self._clock), lines)
        if self.listening:
            for line in lines:
                self._on_line(line[:_LONGEST_READ_BYTES].decode("utf-8", "replace"))
