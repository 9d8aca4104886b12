"""How long a search takes in process: `python -m benchmarks.catalog_search [--times 100]`.

Over the index of `catalogs/`, or over one that many times as large: each model stands in it again under names that
are no copies, half of them new words (a larger vocabulary to correct typos against), half of them further members of
the same families (longer lists to choose from). End to end, against a bare Typer app, `benchmarks.startup` measures.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from modelscan import dataclasses
from modelscan.catalog.index.build import build_index
from modelscan.catalog.index.index import Index, connect
from modelscan.catalog.index.search import search
from modelscan.catalog.merging.merge import Merged, merge
from modelscan.catalog.naming.matching import rungs
from modelscan.catalog.refresh.shipped import read_facts, read_ours, read_tables_of_ours
from modelscan.catalog.refresh.shipped_index import build_shipped_index

CATALOGS = Path(__file__).resolve().parents[1] / "catalogs"
QUERIES = (
    "qwen3 coder 30b", "llama 3.1 8b", "deepseek r1", "mistrall", "gema 3", "coding", "vision 7b", "embedding",
    "speech to text", "under 1b", "llama 70b fp8", "gpt-4o", "Qwen/Qwen3-8B", "reasoning model under 40b", "1m context",
    "open source gpt", "glm air", "whisper turbo", "text to image", "nothing like this", "qwen", "deepsek coder", "ocr",
    "llama", "mixtral 8x7b instruct", "stable difusion", "reranker", "nemotron super", "gemma 27b it", "kimi k2",
)  # fmt: skip
SYLLABLES = tuple(f"{left}{right}" for left in "bdfgklmnprstvz" for right in "aeiou")


def enlarged_index(folder: Path, times: int) -> Path:
    """An index in which every model of `catalogs/` stands `times` times."""

    def read(name: str) -> str:
        return (CATALOGS / name).read_text(encoding="utf-8")

    tables = read_tables_of_ours(read)
    ours, states = read_ours(read)
    merged = merge([*ours, *read_facts(read)[0].records], tables)
    chance = random.Random(20261121)  # noqa: S311  the same index each time
    path = folder / "enlarged.sqlite"
    further = (variant for item in merged for variant in variants(item, times - 1, chance))
    build_index(path, [*merged, *further], tables, states)
    return path


def variants(item: Merged, number: int, chance: random.Random) -> Iterator[Merged]:
    owner = item.model.id.rpartition("/")[0]
    for turn in range(number):
        word = "".join(chance.choices(SYLLABLES, k=3))
        parts = (*item.parts, word) if turn % 2 else (word, *item.parts[1:])
        name = "-".join(parts)
        model = dataclasses.replace(
            item.model,
            id=f"{owner}/{name}-{turn}",
            name=name,
            aliases=(),
            providers=item.model.providers if turn % 10 == 0 else (),  # few models are offered by many hosts
        )
        yield Merged(model, (), item.lab, parts, frozenset(rungs(parts)), None)


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
    parser.add_argument("--times", type=int, default=1, help="how many times as large as the shipped index")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder)
        path = build_shipped_index(CATALOGS, where) if asked.times == 1 else enlarged_index(where, asked.times)
        index = Index(connect(path, trusted=True), path=None)
        milliseconds(index, 1)
        times = milliseconds(index, asked.rounds)
        p99 = statistics.quantiles(times, n=100)[98]
        median = statistics.median(times)
        print(f"{index.count():,} models, {len(times)} searches: median {median:.1f} ms, p99 {p99:.1f} ms")
        index.close()


if __name__ == "__main__":
    main()
