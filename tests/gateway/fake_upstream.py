"""An endpoint that does what its requests say, in a thread of its own. It remembers what reached it.

A JSON body may hold: `do` (`echo`, `stream`, `die`, `die-early`, `slow`, `status`, `hang`, `close`, `lacks`, `large`),
`n` tokens, `gap` seconds between them, `status`, `leak` its key in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PLAIN = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 8, "total_tokens": 13},
    }
).encode()


class FakeUpstream:
    """Listens as soon as it is made; `requests` are (method, path, headers, body), `left` counts cancelled answers.

    With `turns_away` each request with a body gets that status.
    """

    def __init__(self, *, path: Path | None = None, ssl: Any = None) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0
        self.left = 0
        self.turns_away: int | None = None
        self.in_flight = self.most_in_flight = 0
        self.port = 0
        self._path, self._ssl = path, ssl
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        ready.set()
        self._loop.run_forever()

    async def _listen(self, port: int = 0) -> None:
        if self._path is not None:
            self._server = await asyncio.start_unix_server(self._accept, str(self._path), limit=1 << 30)
        else:
            self._server = await asyncio.start_server(
                self._accept, "127.0.0.1", port, backlog=2048, limit=1 << 30, ssl=self._ssl
            )
            self.port = self._server.sockets[0].getsockname()[1]

    @property
    def base_url(self) -> str:
        return f"{'https' if self._ssl else 'http'}://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """As kill -9: nobody listens any more, and every connection is reset."""
        asyncio.run_coroutine_threadsafe(self._kill(), self._loop).result(10)

    async def _kill(self) -> None:
        if self._server is not None:
            self._server.close()
        for _ in range(3):  # those that were just being accepted, too
            self.drop()
            await asyncio.sleep(0)

    def drop(self) -> None:
        """Close what is open, as a server does with connections that were idle."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def drop_from_outside(self) -> None:
        self._loop.call_soon_threadsafe(self.drop)

    def again(self) -> None:
        """Listen again where it did."""
        asyncio.run_coroutine_threadsafe(self._listen(self.port), self._loop).result(10)

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.kill()
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        if not self._loop.is_running():
            self._loop.run_until_complete(self._end())
            self._loop.close()

    async def _end(self) -> None:
        tasks = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # What was closed with bytes left to send is still open, and so is what nobody was told of yet: a connection that
        # had just come in, or was still shaking hands.
        left: Mapping[int, asyncio.Transport] = self._loop._transports  # type: ignore[attr-defined]
        for _ in range(3):
            for transport in tuple(left.values()):
                transport.abort()
            await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        task = self._loop.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin1").split("\r\n")
                method, target, _ = lines[0].split(" ", 2)
                headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
                body = await self._body(reader, headers)
                self.requests.append((method, target, headers, body))
                counted = method == "POST"  # an upstream is also asked for its models
                self.in_flight += counted
                self.most_in_flight = max(self.in_flight, self.most_in_flight)
                try:
                    if not await self._answer(writer, method, headers, body):
                        return
                finally:
                    self.in_flight -= counted
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readexactly(2)
            return body
        return await reader.readexactly(int(headers.get("content-length", 0)))

    async def _answer(self, writer: asyncio.StreamWriter, method: str, headers: dict[str, str], body: bytes) -> bool:
        asked = self._asked(body)
        do = asked.get("do", "stream" if asked.get("stream") else "plain")
        match do:
            case "hang":
                await asyncio.sleep(3600)
            case "die-early":
                writer.transport.abort()
                return False
            case "status":
                said = f"no key is {headers.get('authorization')}" if asked.get("leak") else "upstream says no"
                self._whole(writer, int(asked["status"]), json.dumps({"error": {"message": said}}).encode())
            case "lacks":
                self._whole(writer, 404, b'{"detail": "Not Found"}')
            case "large":
                self._whole(writer, 200, b"x" * int(asked["n"]))
            case "slow":
                await asyncio.sleep(asked.get("gap", 0.2))
                self._whole(writer, 200, _PLAIN)
            case "stream" | "die" | "close":
                return await self._stream(writer, do, asked)
            case "echo":
                document = {"headers": headers, "body": body.decode("latin1")}
                self._whole(writer, 200, json.dumps(document).encode())
            case _:
                self._whole(writer, 200, _PLAIN, without_body=method == "HEAD")
        await writer.drain()
        return True

    def _asked(self, body: bytes) -> dict[str, Any]:
        asked: dict[str, Any] = {}
        if body.startswith(b"{"):
            with contextlib.suppress(ValueError):
                asked = json.loads(body)
        return asked | {"do": "status", "status": self.turns_away} if self.turns_away and body else asked

    def _whole(self, writer: asyncio.StreamWriter, status: int, body: bytes, *, without_body: bool = False) -> None:
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + (b"" if without_body else body))

    async def _stream(self, writer: asyncio.StreamWriter, do: str, asked: dict[str, Any]) -> bool:
        chunked = do != "close"
        framing = "transfer-encoding: chunked" if chunked else "connection: close"
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{framing}\r\n\r\n".encode())

        def event(data: str) -> None:
            text = f"data: {data}\n\n".encode()
            writer.write(b"%x\r\n%b\r\n" % (len(text), text) if chunked else text)

        try:
            for number in range(asked.get("n", 5)):
                event(json.dumps({"i": number, "id": asked.get("id")}))
                await writer.drain()
                if do == "die" and number == asked.get("after", 2):
                    writer.transport.abort()
                    return False
                await asyncio.sleep(asked.get("gap", 0.01))
                if writer.is_closing():
                    raise ConnectionResetError
        except ConnectionError:
            self.left += 1
            return False
        event(json.dumps({"usage": {"prompt_tokens": 3, "completion_tokens": asked.get("n", 5)}}))
        if asked.get("done", True):
            event("[DONE]")
        if chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return chunked
