"""Whether bounds hold for families that were not used to set them: `python -m benchmarks.bounds [CONTEXT.csv]`.

A row needs as many times the half of its bounds, on the side it errs to, as its measured value lies away from the
estimate: up to 1 it is within them. For each family in turn the scale of the bounds is calibrated on all others, which
weigh the same however many rows they have: the smallest with which nine in ten of them hold. Then the rows of the
family that was left out are counted with that scale, and with 1, which is what plans use.

The rows are those of `benchmarks.memory_accuracy`; with a file for `benchmarks.context_accuracy` also the KV caches
that people's starts printed, of current versions with their share stated, where all that the start held is counted:
without a second model that drafts, and in the files that are planned.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.asking import program
from benchmarks.context_accuracy import GROUPS, Judged, judge, speculation_of
from benchmarks.memory_accuracy import measured_rows
from modelscan.dataclasses import dataclass

_HOLD = 0.9
_FAMILY = re.compile(r"[a-z]+", re.IGNORECASE)
# The cache's own bytes and a pool of tokens follow from a shape alone: they have no bounds that were set.
_BOUNDED = ("weights", "vLLM KV pool", "SGLang tokens")
_PARTLY = re.compile(r"parts|mixed", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Needed:
    """`times` the half of its bounds that a row needs; `width` of them, as a share of what they are about."""

    what: str
    family: str
    id: str
    times: float
    width: float


def needed(what: str, family: str, name: str, bounds: tuple[float, float, float], measured: float) -> Needed:
    low, middle, high = bounds
    half = high - middle if measured > middle else middle - low
    times = abs(measured - middle) / half if half else 0.0 if measured == middle else float("inf")
    return Needed(what=what, family=family, id=name, times=times, width=(high - low) / middle)


def of_starts() -> Iterator[Needed]:
    for row in measured_rows():
        if row.judged and row.what in _BOUNDED:
            size = row.predicted
            yield needed(row.what, row.family, row.id, (size.low, size.estimate, size.high), row.measured)


def of_pools(rows: Sequence[dict[str, str]]) -> Iterator[Needed]:
    with program() as asked:
        judged = [judge(row, asked) for row in rows]
    for item in judged:
        memory = item.answer.chosen["memory_per_gpu"] if item.answer.chosen else None
        if memory is None or item.pool is None or item.group not in GROUPS[:2] or not _whole(item):
            continue
        low, middle, high = (memory[f"kv_cache_{end}bytes"] for end in ("low_", "", "high_"))
        family = _FAMILY.match(item.row["model"].rpartition("/")[2])
        name = family[0].lower() if family else ""
        yield needed("pool of a plan", name, item.row["id"], (low, middle, high), middle / item.pool)


def _whole(item: Judged) -> bool:
    """Whether the plan counts all that the start held."""
    drafts = item.row["speculative"] != "none"
    return not _PARTLY.search(item.row["quantization"]) and (not drafts or any(speculation_of(item.row)))


def calibrated(rows: Iterable[Needed]) -> float:
    """The smallest scale with which nine in ten hold, where each family weighs the same."""
    families: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        families[row.family].append(row.times)
    weighed = sorted((times, 1 / len(each) / len(families)) for each in families.values() for times in each)
    held = 0.0
    for times, weight in weighed:
        held += weight
        if held >= _HOLD - 1e-9:
            return times
    return 1.0


def show(what: str, rows: Sequence[Needed]) -> None:
    families = sorted({row.family for row in rows})
    held = left_out = 0
    scales: list[float] = []
    for family in families:
        mine = [row for row in rows if row.family == family]
        scale = calibrated(row for row in rows if row.family != family) if len(families) > 1 else 1.0
        scales.append(scale)
        held += sum(row.times <= 1 for row in mine)
        left_out += sum(row.times <= scale for row in mine)
    width = sorted(row.width for row in rows)[len(rows) // 2]
    spread = f"{min(scales):.2f} to {max(scales):.2f}"
    print(
        f"| {what} | {len(rows)} | {len(families)} | {spread} | {left_out / len(rows):.0%} | {held / len(rows):.0%} | "
        f"{width:.1%} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="rows of what people served, as CSV")
    file = parser.parse_args().file
    found = list(of_starts())
    if file is not None:
        with file.open(encoding="utf-8", newline="") as lines:
            found += of_pools(list(csv.DictReader(lines)))
    print("| bounds of | rows | families | scale that the others ask for | held with it | held as planned | width |")
    print("|---|---|---|---|---|---|---|")
    for what in dict.fromkeys(row.what for row in found):
        show(what, [row for row in found if row.what == what])
    show("all", found)
    outside = sorted((row for row in found if row.times > 1), key=lambda row: -row.times)
    print("\n| outside | row | family | times |\n|---|---|---|---|")
    for row in outside:
        print(f"| {row.what} | {row.id} | {row.family} | {row.times:.1f} |")


if __name__ == "__main__":
    main()
