"""An endpoint for `benchmarks.gateway`: `python -m benchmarks.gateway_endpoint PORT ANSWER`.

A stream's tokens say whose they are and when they were sent, by the clock that all processes of a machine share. The
first comes one pause after the request. With `together` all streams have theirs in the same moment, as when a model
computes a step for all of them: then that moment is when they were sent, however long the sending takes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import uvloop

STEPS: dict[float, int] = {}  # when each began
EVENTS = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def event(number: int, place: int, at: int) -> bytes:
    return b'data: {"id":"chatcmpl-%d","index":%d,"at":%d,"delta":{"content":"token"}}\n\n' % (number, place, at)


class Endpoint(asyncio.Protocol):
    def __init__(self, whole: bytes) -> None:
        self.whole = whole
        self.read = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.read += data
        while (end := self.read.find(b"\r\n\r\n")) >= 0:
            lines = self.read[:end].lower().split(b"\r\n")
            size = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            if len(self.read) < end + 4 + size:
                return
            body, self.read = self.read[end + 4 : end + 4 + size], self.read[end + 4 + size :]
            asked = json.loads(body)
            if asked.get("stream"):
                self.transport.write(EVENTS)
                loop = asyncio.get_running_loop()
                every = asked["every"]
                due = (loop.time() // every + 1) * every if asked["together"] else loop.time() + every
                begun = STEPS if asked["together"] else None
                loop.call_at(due, self.token, loop, due, begun, asked["id"], 0, asked["n"], every)
            else:
                self.transport.write(self.whole)

    def token(
        self,
        loop: asyncio.AbstractEventLoop,
        due: float,
        begun: dict[float, int] | None,
        number: int,
        place: int,
        tokens: int,
        every: float,
    ) -> None:
        if place == tokens:
            self.transport.write(b"0\r\n\r\n")
            return
        now = time.monotonic_ns()
        step = round(due, 6)
        text = event(number, place, now if begun is None else begun.setdefault(step, now))
        self.transport.write(b"%x\r\n%b\r\n" % (len(text), text))
        loop.call_at(due + every, self.token, loop, due + every, begun, number, place + 1, tokens, every)


async def main() -> None:
    answer = sys.argv[2].encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(answer)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Endpoint(head + answer), "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
