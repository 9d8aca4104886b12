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
    parser.add_argument("--stream-rounds", type=int, default=3)
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
        streams(Path(name), options.streams, every=options.every, rounds=options.stream_rounds)


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


def streams(folder: Path, count: int, *, every: float, rounds: int, tokens: int = 100) -> None:
    """Streams at once, every byte compared; how long tokens are under way, and what of that their reader notices.

    Figures are medians of the rounds, of p50 and p99 of all tokens of a round; in brackets, against no proxy at all.
    What a token takes of a core is that of the proxy, or where there is none of the endpoint.
    """
    with contextlib.ExitStack() as stack:
        endpoint = stack.enter_context(fake())
        places = {"direct": endpoint, "gateway": stack.enter_context(gateway(folder, endpoint[0]))}
        if shutil.which("nginx"):
            places["nginx"] = stack.enter_context(nginx(folder, "proxy", proxy_to(endpoint[0])))
        for together in (False, True):
            how = "all in the same moment" if together else "each in its own time"
            print(f"\n{count} streams of {tokens} tokens, one every {every * 1e3:g} ms, {how}, {rounds} rounds\n")
            seen: dict[str, list[dict[str, float]]] = {name: [] for name in places}
            for turn in range(rounds):
                for name in list(places)[:: 1 if turn % 2 else -1]:
                    seen[name].append(streamed(places[name], count, tokens, every=every, together=together))
            show_streams(seen)
        print(f"\nresident afterwards: {resident(places['gateway'][1]):.1f} MiB")


def streamed(place: Place, count: int, tokens: int, *, every: float, together: bool) -> dict[str, float]:
    """By two clients at once: delays in milliseconds, and the microseconds of a core that a token takes."""
    port, pid = place
    clients, before = [], cpu(pid)
    for first, some in ((0, count // 2), (count // 2, count - count // 2)):
        words = [port, first, some, tokens, every, "together" if together else "apart", KEY]
        argv = [sys.executable, "-m", "benchmarks.gateway_streams", *map(str, words)]
        clients.append(subprocess.Popen(argv, stdout=subprocess.PIPE))
    found = [json.loads(client.communicate()[0]) for client in clients]
    right = sum(item["right"] for item in found)
    said: dict[str, float] = {"right": right, "cost": (cpu(pid) - before) * 1e6 / (count * tokens)}
    for what in ("under_way", "between", "first"):
        values = sorted(value / 1e6 for item in found for value in item[what])
        said[f"{what}_p50"] = values[len(values) // 2]
        said[f"{what}_p99"] = values[int(len(values) * 0.99)]
    return said


def show_streams(seen: dict[str, list[dict[str, float]]]) -> None:
    whats = {"under_way": "token under way", "between": "between two tokens", "first": "first token"}
    columns = [f"{what}_{rank}" for what in whats for rank in ("p50", "p99")]
    middle = {
        name: {column: statistics.median(item[column] for item in rounds) for column in columns}
        for name, rounds in seen.items()
    }
    print(f"| | right | of a core per token | {' | '.join(f'{what}, p50 | p99' for what in whats.values())} |")
    print("|---|---|---|" + "---|" * len(columns))
    for name, rounds in seen.items():
        cells = [
            f"{middle[name][column]:.2f} ms ({middle[name][column] / middle['direct'][column]:.2f})"
            for column in columns
        ]
        cost = statistics.median(item["cost"] for item in rounds)
        print(f"| {name} | {min(item['right'] for item in rounds):.0f} | {cost:.0f} us | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
