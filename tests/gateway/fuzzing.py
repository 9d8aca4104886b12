"""Requests as attackers and bad networks make them, and what of each reaches an endpoint through a proxy."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

BODY = b'{"model": "demo"}'
PATH = b"POST /v1/chat/completions HTTP/1.1"
_LENGTHS = [
    b"17",
    b"17 ",
    b" 17",
    b"+17",
    b"0x11",
    b"17, 17",
    b"16",
    b"18",
    b"-1",
    b"",
    b"1e1",
    b"017",
    b"17;",
    b"9" * 30,
]
_CODINGS = [b"chunked", b"Chunked", b"chunked ", b"\x0bchunked", b"identity", b"gzip, chunked", b"chunked, chunked"]
_CODINGS += [b"xchunked", b"chunked\r\n\tx", b'"chunked"', b"chunked;q=1", b""]
_ENDS = [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n"]
_CHUNKS = [
    b"11\r\n%b\r\n0\r\n\r\n",
    b"11;x=y\r\n%b\r\n0\r\n\r\n",
    b"11 \r\n%b\r\n0\r\n\r\n",
    b"0x11\r\n%b\r\n0\r\n\r\n",
    b"11\n%b\n0\n\n",
    b"11\r\n%b0\r\n\r\n",
    b"11\r\n%b\r\n0\r\nhost: y\r\n\r\n",
    b"00000000000000000011\r\n%b\r\n0\r\n\r\n",
    b"FFFFFFFFFFFFFFFFF\r\n%b\r\n0\r\n\r\n",
    b"-11\r\n%b\r\n0\r\n\r\n",
]
_LINES = [
    b"x: y",
    b"x : y",
    b" x: y",
    b"x\x00: y",
    b"x: a\x00b",
    b": y",
    b"x",
    b"host: other",
    b"connection: close",
    b"connection: keep-alive, content-length",
    b"upgrade: h2c",
    b"expect: 100-continue",
    b"te: trailers",
    b"content-length\t: 17",
    b"x: " + b"y" * 20_000,
]
_STARTS = [
    PATH,
    b"post /v1/chat/completions HTTP/1.1",
    b"POST  /v1/chat/completions HTTP/1.1",
    b"POST /v1/chat/completions HTTP/1.0",
    b"POST /v1/chat/completions HTTP/2.0",
    b"POST /v1/chat/completions",
    b"POST /v1/chat/completions HTTP/1.1 ",
    b"POST http://x/v1/chat/completions HTTP/1.1",
    b"POST /v1/chat/completions\x00 HTTP/1.1",
    b"POST /v1/../v1/chat/completions HTTP/1.1",
    b"\r\n" + PATH,
]


def cases(seed: int, count: int) -> Iterator[bytes]:
    """Raw bytes of one connection each, the same for the same seed."""
    made = random.Random(seed)  # noqa: S311  the same cases each time
    for _ in range(count):
        yield b"".join(_one(made) for _ in range(made.choice([1, 1, 1, 2, 3])))


def _one(made: random.Random) -> bytes:
    end = made.choice(_ENDS)
    start = PATH if made.random() < 0.7 else made.choice(_STARTS)
    lines = [start, b"host: x"]
    kind = made.random()
    body = BODY
    if kind < 0.45:
        lines.append(b"content-length: " + (b"17" if made.random() < 0.5 else made.choice(_LENGTHS)))
    elif kind < 0.9:
        lines.append(b"transfer-encoding: " + (b"chunked" if made.random() < 0.5 else made.choice(_CODINGS)))
        body = made.choice(_CHUNKS) % BODY
    if made.random() < 0.15:
        lines.append(b"content-length: " + made.choice(_LENGTHS))
    if made.random() < 0.1:
        lines.append(b"transfer-encoding: " + made.choice(_CODINGS))
    if made.random() < 0.3:
        lines.insert(made.randrange(1, len(lines) + 1), made.choice(_LINES))
    whole = end.join(lines) + end + end + body
    if made.random() < 0.1:
        place = made.randrange(len(whole))
        whole = whole[:place] + bytes([made.randrange(256)]) + whole[place + 1 :]
    if made.random() < 0.05:
        whole = whole[: made.randrange(1, len(whole))]
    return whole


async def tried(port: int, data: bytes, *, pieces: int = 1, seconds: float = 0.15) -> bytes:
    """Send it, and return what comes back until the proxy closes or is silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    got = b""
    try:
        step = max(1, len(data) // pieces)
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
            await writer.drain()
            if pieces > 1:
                await asyncio.sleep(0)
        async with asyncio.timeout(seconds):
            while more := await reader.read(65_536):
                got += more
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return got
