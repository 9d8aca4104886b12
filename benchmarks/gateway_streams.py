"""A client of many streams at once: `python -m benchmarks.gateway_streams PORT STREAMS TOKENS EVERY KEY`.

The streams begin one after the other, over four times as long as there is between two tokens. What comes is kept with
its time, and looked at once all is over: each byte of each stream must be what the endpoint made. Prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any

from benchmarks.gateway_endpoint import event

TOKEN = re.compile(rb'"id":"chatcmpl-(\d+)","index":(\d+),"at":(\d+)')


class Stream(asyncio.Protocol):
    def __init__(self, request: bytes, over: asyncio.Future[None]) -> None:
        self.request = request
        self.over = over
        self.got: list[tuple[int, bytes]] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.got.append((time.monotonic_ns(), data))
        if data.endswith(b"\r\n0\r\n\r\n") or data == b"0\r\n\r\n":
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  what came says it
        if not self.over.done():
            self.over.set_result(None)


def judged(stream: Stream, number: int, tokens: int) -> tuple[bool, list[int]]:
    """Whether every byte is right, and the delays in nanoseconds."""
    delays = [at - int(found[3]) for at, data in stream.got for found in TOKEN.finditer(data)]
    whole = b"".join(data for _, data in stream.got)
    head, _, body = whole.partition(b"\r\n\r\n")
    text = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if body[length : length + 2] != b"\r\n":
            return False, delays
        text, body = text + body[:length], body[length + 2 :]
    sent = [int(found[3]) for found in TOKEN.finditer(text)]
    right = text == b"".join(event(number, place, at) for place, at in enumerate(sent)) and len(sent) == tokens
    return right and head.startswith(b"HTTP/1.1 200") and whole.endswith(b"\r\n0\r\n\r\n"), delays


async def main(port: int, count: int, tokens: int, every: float, key: str) -> None:
    loop = asyncio.get_running_loop()
    began, streams = loop.time(), []
    for number in range(count):
        body = json.dumps({"model": "demo", "stream": True, "id": number, "n": tokens, "every": every}).encode()
        request = (
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (key.encode(), len(body), body)
        )
        await asyncio.sleep(max(0.0, began + number * 4 * every / count - loop.time()))
        over: asyncio.Future[None] = loop.create_future()
        _, stream = await loop.create_connection(lambda r=request, o=over: Stream(r, o), "127.0.0.1", port)  # type: ignore[misc]
        streams.append(stream)
    await asyncio.gather(*(stream.over for stream in streams))
    took = loop.time() - began
    found = [judged(stream, number, tokens) for number, stream in enumerate(streams)]
    delays = sorted(delay for _, some in found for delay in some)
    print(
        json.dumps(
            {
                "right": sum(right for right, _ in found),
                "p50": delays[len(delays) // 2] / 1e6,
                "p99": delays[int(len(delays) * 0.99)] / 1e6,
                "tokens_per_second": len(delays) / took,
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5]))
