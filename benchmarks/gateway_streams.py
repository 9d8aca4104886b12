"""A client of many streams: `python -m benchmarks.gateway_streams PORT FIRST STREAMS TOKENS EVERY together|apart KEY`.

The streams begin one after the other, over four times as long as there is between two tokens. What comes is kept with
its time, and looked at once all is over: each byte of each stream must be what the endpoint made. Prints JSON: how many
are right, and in nanoseconds for each token how long it was under way, for each but a stream's first how long after the
one before it came, and for each stream how long after its request the first came.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
import time
from typing import Any

import uvloop

from benchmarks.gateway_endpoint import event

TOKEN = re.compile(rb'"id":"chatcmpl-(\d+)","index":(\d+),"at":(\d+)')


class Stream(asyncio.Protocol):
    def __init__(self, request: bytes, over: asyncio.Future[None]) -> None:
        self.request = request
        self.over = over
        self.got: list[tuple[int, bytes]] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.asked_at = time.monotonic_ns()
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.got.append((time.monotonic_ns(), data))
        if data.endswith(b"\r\n0\r\n\r\n") or data == b"0\r\n\r\n":
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  what came says it
        if not self.over.done():
            self.over.set_result(None)

    def arrivals(self) -> list[tuple[int, int]]:
        """When each token came, and when it had been sent."""
        return [(at, int(found[3])) for at, data in self.got for found in TOKEN.finditer(data)]

    def is_right(self, number: int, tokens: int) -> bool:
        """Whether every byte is."""
        whole = b"".join(data for _, data in self.got)
        head, _, body = whole.partition(b"\r\n\r\n")
        text = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            length = int(size, 16)
            if body[length : length + 2] != b"\r\n":
                return False
            text, body = text + body[:length], body[length + 2 :]
        sent = [int(found[3]) for found in TOKEN.finditer(text)]
        right = text == b"".join(event(number, place, at) for place, at in enumerate(sent)) and len(sent) == tokens
        return right and head.startswith(b"HTTP/1.1 200") and whole.endswith(b"\r\n0\r\n\r\n")


async def main(port: int, first: int, count: int, tokens: int, every: float, together: bool, key: str) -> None:
    loop = asyncio.get_running_loop()
    began, streams = loop.time(), []
    for place in range(count):
        asked = {"id": first + place, "n": tokens, "every": every, "together": together}
        body = json.dumps({"model": "demo", "stream": True, **asked}).encode()
        request = (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (key.encode(), len(body), body)
        )
        await asyncio.sleep(max(0.0, began + place * 4 * every / count - loop.time()))
        over: asyncio.Future[None] = loop.create_future()
        _, stream = await loop.create_connection(lambda r=request, o=over: Stream(r, o), "127.0.0.1", port)  # type: ignore[misc]
        streams.append(stream)
    await asyncio.gather(*(stream.over for stream in streams))
    came = [stream.arrivals() for stream in streams]
    print(
        json.dumps(
            {
                "right": sum(stream.is_right(first + place, tokens) for place, stream in enumerate(streams)),
                "under_way": [at - sent for some in came for at, sent in some],
                "between": [at - before for some in came for (before, _), (at, _) in itertools.pairwise(some)],
                "first": [some[0][0] - stream.asked_at for stream, some in zip(streams, came, strict=True) if some],
            }
        )
    )


if __name__ == "__main__":
    port, first, count, tokens, every, together, key = sys.argv[1:]
    uvloop.run(main(int(port), int(first), int(count), int(tokens), float(every), together == "together", key))
