"""What the gateway costs a request: processor time beside nginx, delay beside a direct connection: `make bench`.

The endpoint is nginx with a fixed answer of 300 bytes, or a small fake where there is none; requests have 600 bytes.
nginx as a proxy neither checks a key nor reads the model. The rounds take turns, and ratios are of their medians.
`--litellm PORT:PID` compares a LiteLLM proxy that somebody has started for `http://127.0.0.1:ENDPOINT/v1`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from modelscan.routing.compiled import GatewayTable, TableMember
from modelscan.routing.gateway_files import gateway_files, read_status, write_table
from modelscan.storage.keys import ClientKey, change_keys, hash_of
from modelscan.storage.paths import paths_below
from modelscan.system.processes.identity import SUPERVISOR_TAG

KEY = "sk-benchmark"
ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "hello " * 8}, "finish_reason": "stop"},
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 8, "total_tokens": 13},
    }
)
BODY = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "hello world " * 40}]}).encode()
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (KEY.encode(), len(BODY), BODY)
)
NGINX = """
worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.err; daemon on; user root;
events {{ worker_connections 4096; }}
http {{ access_log off; keepalive_requests 10000000; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
 fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
 {content} }}
"""
ENDPOINT = (
    "server {{ listen 127.0.0.1:{port}; location / {{ default_type application/json; return 200 '{answer}'; }} }}"
)
PROXY = """upstream u {{ server 127.0.0.1:{to}; keepalive 300; keepalive_requests 10000000; }}
 server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u; proxy_http_version 1.1;
  proxy_set_header Connection ""; proxy_buffering off; }} }}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--litellm", metavar="PORT:PID")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        endpoint = stack.enter_context(fast_endpoint(folder))
        places = {"direct": endpoint, "gateway": stack.enter_context(gateway(folder, endpoint[0]))}
        if shutil.which("nginx"):
            places["nginx"] = stack.enter_context(
                nginx(folder, "proxy", lambda port: PROXY.format(port=port, to=endpoint[0]))
            )
        if options.litellm:
            port, pid = options.litellm.split(":")
            places["litellm"] = (int(port), int(pid))
        for connections in (1, 32):
            costs = measured(places, rounds=options.rounds, requests=options.requests, connections=connections)
            print(f"\n{connections} connections, {options.rounds} rounds in turn of {options.requests} requests\n")
            show(costs)
        idle = resident(places["gateway"][1])
        print(f"\nresident: {idle:.1f} MiB")
        streams(folder, options.streams)


def show(costs: dict[str, tuple[float, float]]) -> None:
    print("| | of a core per request | against nginx | p50 | above direct |\n|---|---|---|---|---|")
    base = costs.get("nginx", (0.0, 0.0))[0]
    for name, (cpu, p50) in costs.items():
        ratio = f"{cpu / base:.2f}" if base else "-"
        above = (p50 - costs["direct"][1]) * 1e3
        print(f"| {name} | {cpu * 1e6:.0f} us | {ratio} | {p50 * 1e3:.2f} ms | {above:+.2f} ms |")


def measured(
    places: dict[str, tuple[int, int]], *, rounds: int, requests: int, connections: int
) -> dict[str, tuple[float, float]]:
    """By name: processor seconds per request, and the median delay in seconds; medians of the rounds."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in places}
    for _ in range(rounds):
        for name, (port, pid) in places.items():
            count = requests if name != "litellm" else max(20, requests // 50)
            before = cpu(pid)
            delays = asyncio.run(load(port, count, connections))
            seen[name].append(((cpu(pid) - before) / len(delays), statistics.median(delays)))
    return {
        name: (statistics.median(item[0] for item in found), statistics.median(item[1] for item in found))
        for name, found in seen.items()
    }


async def load(port: int, requests: int, connections: int) -> list[float]:
    delays: list[float] = []
    left = requests

    async def one() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left > 0:
            left -= 1
            began = time.perf_counter()
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                sys.exit(f"port {port} answered {head[:200]!r}")
            size = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(size)
            delays.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return delays


def streams(folder: Path, count: int) -> None:
    """Streams at once, every byte compared; the delay of a token from its endpoint to its client."""
    with contextlib.ExitStack() as stack:
        port, _ = stack.enter_context(fake(folder))
        through, pid = stack.enter_context(gateway(folder / "streams", port))
        print(f"\n{count} streams of 20 tokens at once\n")
        print("| | right | delay of a token, p50 | p99 | resident |\n|---|---|---|---|---|")
        for name, place in (("direct", port), ("gateway", through)):
            right, delays = asyncio.run(many(place, count))
            size = f"{resident(pid):.1f} MiB" if name == "gateway" else ""
            p50, p99 = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
            print(f"| {name} | {right} of {count} | {p50 * 1e3:.1f} ms | {p99 * 1e3:.1f} ms | {size} |")


async def many(port: int, count: int) -> tuple[int, list[float]]:
    delays: list[float] = []

    async def one(number: int) -> bool:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps({"model": "demo", "stream": True, "id": number, "n": 20}).encode()
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\ncontent-length: %d\r\n\r\n%b"
            % (KEY.encode(), len(body), body)
        )
        await reader.readuntil(b"\r\n\r\n")
        got = []
        while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
            data = await reader.readexactly(size + 2)
            for line in data.split(b"\n"):
                if line.startswith(b"data: {"):
                    token = json.loads(line[6:])
                    delays.append(time.time() - token["at"])
                    got.append((token["id"], token["i"]))
        writer.close()
        return got == [(number, place) for place in range(20)]

    right = await asyncio.gather(*(one(number) for number in range(count)))
    return sum(right), sorted(delays)


@contextlib.contextmanager
def gateway(folder: Path, endpoint: int) -> Iterator[tuple[int, int]]:
    """Port, and the pid of what serves."""
    home = folder / "home"
    paths = paths_below(home)
    files = gateway_files(paths)
    member = TableMember(
        name="demo", id="demo", model="demo", serves=("demo",), base_url=f"http://127.0.0.1:{endpoint}"
    )
    write_table(files, GatewayTable(members=(member,), names={"demo": ("demo",)}))
    key = ClientKey(name="bench", hash=hash_of(KEY), created_at="2026-11-30T00:00:00Z")
    change_keys(paths.keys_file, lambda _: (key,))
    port = free_port()
    environ = {"PATH": os.environ["PATH"], "HOME": str(home), "MODELSCAN_HOME": str(home), SUPERVISOR_TAG: "gateway"}
    keeper = subprocess.Popen([sys.executable, "-m", "modelscan.gateway", "--port", str(port)], env=environ)
    try:
        while read_status(files).get("supervisor") != keeper.pid:
            time.sleep(0.02)
        yield port, int(read_status(files)["pid"])
    finally:
        keeper.send_signal(signal.SIGTERM)
        keeper.wait()


@contextlib.contextmanager
def fast_endpoint(folder: Path) -> Iterator[tuple[int, int]]:
    if shutil.which("nginx"):
        with nginx(folder, "endpoint", lambda port: ENDPOINT.format(port=port, answer=ANSWER)) as made:
            yield made
    else:
        with fake(folder) as made:
            yield made


@contextlib.contextmanager
def nginx(folder: Path, name: str, content: object) -> Iterator[tuple[int, int]]:
    port = free_port()
    config = folder / f"{name}.conf"
    config.write_text(NGINX.format(folder=folder, name=name, content=content(port)))  # type: ignore[operator]
    subprocess.run(["nginx", "-p", str(folder), "-c", str(config)], check=True, stderr=subprocess.DEVNULL)
    master = int((folder / f"{name}.pid").read_text())
    try:
        children = Path(f"/proc/{master}/task/{master}/children")
        while not (found := children.read_text().split()):
            time.sleep(0.02)
        yield port, int(found[0])
    finally:
        os.kill(master, signal.SIGTERM)


FAKE = """
import asyncio, json, sys, time
ANSWER = sys.argv[2].encode()
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"
WHOLE = HEAD % len(ANSWER) + ANSWER
EVENTS = b"HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n"

class Endpoint(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.read = transport, b""

    def data_received(self, data):
        self.read += data
        while (end := self.read.find(b"\\r\\n\\r\\n")) >= 0:
            lines = self.read[:end].lower().split(b"\\r\\n")
            size = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
            if len(self.read) < end + 4 + size:
                return
            body, self.read = self.read[end + 4 : end + 4 + size], self.read[end + 4 + size :]
            asked = json.loads(body)
            if asked.get("stream"):
                asyncio.get_running_loop().create_task(self.stream(asked))
            else:
                self.transport.write(WHOLE)

    async def stream(self, asked):
        self.transport.write(EVENTS)
        for i in range(asked["n"]):
            text = b"data: %b\\n\\n" % json.dumps({"id": asked["id"], "i": i, "at": time.time()}).encode()
            self.transport.write(b"%x\\r\\n%b\\r\\n" % (len(text), text))
            await asyncio.sleep(0.3)
        self.transport.write(b"0\\r\\n\\r\\n")

async def main():
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()

asyncio.run(main())
"""


@contextlib.contextmanager
def fake(folder: Path) -> Iterator[tuple[int, int]]:
    folder.mkdir(parents=True, exist_ok=True)
    program, port = folder / "fake.py", free_port()
    program.write_text(FAKE)
    process = subprocess.Popen([sys.executable, str(program), str(port), ANSWER])
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def cpu(pid: int) -> float:
    """Seconds of a core, of the main thread, which is all that serves."""
    with Path(f"/proc/{pid}/schedstat").open() as file:
        return int(file.read().split()[0]) / 1e9


def resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        port: int = attempt.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
