"""How long a search takes in process: `python -m benchmarks.catalog_search`.

Over the index of `catalogs/`. End to end, against a bare Typer app, `benchmarks.startup` measures it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from modelscan.catalog.index import Index, connect
from modelscan.catalog.search import search
from modelscan.catalog.shipped_index import build_shipped_index

CATALOGS = Path(__file__).resolve().parents[1] / "catalogs"
QUERIES = (
    "qwen3 coder 30b", "llama 3.1 8b", "deepseek r1", "mistrall", "gema 3", "coding", "vision 7b", "embedding",
    "speech to text", "under 1b", "llama 70b fp8", "gpt-4o", "Qwen/Qwen3-8B", "reasoning model under 40b", "1m context",
    "open source gpt", "glm air", "whisper turbo", "text to image", "nothing like this",
)  # fmt: skip


def milliseconds(index: Index, rounds: int) -> list[float]:
    times: list[float] = []
    for _ in range(rounds):
        for query in QUERIES:
            started = time.perf_counter()
            search(index, query, limit=20)
            times.append((time.perf_counter() - started) * 1000)
    return sorted(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        index = Index(connect(build_shipped_index(CATALOGS, Path(folder)), immutable=True), path=None)
        milliseconds(index, 1)
        times = milliseconds(index, rounds)
        p99 = statistics.quantiles(times, n=100)[98]
        print(
            f"{index.count()} models, {len(times)} searches: median {statistics.median(times):.1f} ms, p99 {p99:.1f} ms"
        )
        index.close()


if __name__ == "__main__":
    main()
