"""What the gateway costs a request: processor time beside nginx, delay beside a direct connection: `make bench`.

The endpoint is nginx with a fixed answer of 300 bytes, or a small fake where there is none; requests have 600 bytes.
nginx stands there twice: as a bare proxy, and with what of the gateway's work it can do too (a key, an id, a log); it
reads no model. The rounds take turns. Processor time is that of all threads of all
processes. `--litellm PROGRAM` starts and compares a LiteLLM proxy, a fiftieth of the requests for it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.gateway_places import (
    KEY,
    Place,
    cpu,
    fake,
    fast_endpoint,
    gateway,
    litellm,
    nginx,
    proxy_to,
    proxy_with_the_same_work,
    resident,
)

BODY = json.dumps({"model": "demo", "messages": [{"role": "user", "content": "hello world " * 40}]}).encode()
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer %b\r\n"
    b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (KEY.encode(), len(BODY), BODY)
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--requests", type=int, default=700)
    parser.add_argument("--streams", type=int, default=1_000)
    parser.add_argument("--every", type=float, default=0.05, help="seconds between two tokens of a stream")
    parser.add_argument("--litellm", metavar="PROGRAM")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        endpoint = stack.enter_context(fast_endpoint(folder))
        to = endpoint[0]
        places = {"direct": endpoint, "gateway": stack.enter_context(gateway(folder, to))}
        if shutil.which("nginx"):
            places["nginx"] = stack.enter_context(nginx(folder, "proxy", proxy_to(to)))
            same = proxy_with_the_same_work(to, folder)
            places["nginx, same work"] = stack.enter_context(nginx(folder, "same", same))
        if options.litellm:
            places["litellm"] = stack.enter_context(litellm(options.litellm, folder, to))
        print(f"resident when idle: {resident(places['gateway'][1]):.1f} MiB")
        for connections in (1, 32):
            costs = measured(places, rounds=options.rounds, requests=options.requests, connections=connections)
            print(f"\n{connections} connections, {options.rounds} rounds in turn of {options.requests} requests\n")
            show(costs)
        print(f"\nresident afterwards: {resident(places['gateway'][1]):.1f} MiB")
    with tempfile.TemporaryDirectory() as name:
        streams(Path(name), options.streams, every=options.every)


Cost = tuple[list[float], list[float]]  # of each round: processor seconds per request, the median delay in seconds


def show(costs: dict[str, Cost]) -> None:
    """Medians of the rounds, and in brackets their least: what else runs on a machine only ever adds."""
    names = [name for name in ("nginx", "nginx, same work", "litellm") if name in costs]
    print(f"| | of a core per request | {''.join(f'against {name} | ' for name in names)}p50 | above direct |")
    print("|---|---|" + "---|" * len(names) + "---|---|")
    direct = median_and_least(costs["direct"][1])
    for name, (cpus, p50s) in costs.items():
        own, p50 = median_and_least(cpus), median_and_least(p50s)
        ratios = ""
        for other in names:
            base = median_and_least(costs[other][0])
            ratios += f"{own[0] / base[0]:.3g} ({own[1] / base[1]:.3g}) | "
        cost = f"{own[0] * 1e6:.0f} ({own[1] * 1e6:.0f}) us"
        delay = f"{p50[0] * 1e3:.3f} ({p50[1] * 1e3:.3f}) ms"
        above = f"{(p50[0] - direct[0]) * 1e3:.3f} ({(p50[1] - direct[1]) * 1e3:.3f}) ms"
        print(f"| {name} | {cost} | {ratios}{delay} | {above} |")


def median_and_least(values: list[float]) -> tuple[float, float]:
    return statistics.median(values), min(values)


def measured(places: dict[str, Place], *, rounds: int, requests: int, connections: int) -> dict[str, Cost]:
    """By name."""
    seen: dict[str, Cost] = {name: ([], []) for name in places}
    for _ in range(rounds):
        for name, (port, pid) in places.items():
            count = requests if name != "litellm" else max(20, requests // 50)
            before = cpu(pid)
            delays = asyncio.run(load(port, count, connections))
            seen[name][0].append((cpu(pid) - before) / len(delays))
            seen[name][1].append(statistics.median(delays))
    return seen


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


def streams(folder: Path, count: int, *, every: float, rounds: int = 3, tokens: int = 100) -> None:
    """Streams at once, every byte compared; the delay of a token from its endpoint to its client."""
    with contextlib.ExitStack() as stack:
        port, _ = stack.enter_context(fake())
        through, pid = stack.enter_context(gateway(folder, port))
        places = {"direct": (port, 0), "gateway": (through, pid)}
        if shutil.which("nginx"):
            places["nginx"] = stack.enter_context(nginx(folder, "proxy", proxy_to(port)))
        print(f"\n{count} streams at once of {tokens} tokens, one every {every * 1e3:g} ms, {rounds} rounds in turn\n")
        print("| | right | tokens per second | delay of a token, p50 | p99 | resident |\n|---|---|---|---|---|---|")
        for _ in range(rounds):
            for name, (place, process) in places.items():
                argv = [sys.executable, "-m", "benchmarks.gateway_streams"]
                argv += [str(place), str(count), str(tokens), str(every), KEY]
                found = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout)
                size = f"{resident(process):.1f} MiB" if name == "gateway" else ""
                delays = f"{found['p50']:.2f} ms | {found['p99']:.1f} ms"
                print(f"| {name} | {found['right']} | {found['tokens_per_second']:.0f} | {delays} | {size} |")


if __name__ == "__main__":
    main()
