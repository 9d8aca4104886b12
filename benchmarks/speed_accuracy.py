"""Estimated speeds against those that people measured: `python -m benchmarks.speed_accuracy FILE.csv [-v]`.

Each row is one published figure with its source (`ref`). `plan_model` and `plan_quant` name what is planned: on that
many of those GPUs, divided as the row says, with a context of the prompt and half of the answer (the middle of the
run), with the power limit and the NVLink bridge that the row names, and as many requests at once. The ratio is
estimate to measured: above 1 the estimate is too fast.

  alone       one request: tokens of the answer a second
  concurrent  the same for each of several requests: the estimate of all, divided by how many it is for
  prefill     tokens of the prompt a second of one request; where only the time to the first token is said, the prompt
              over that time. Prompts of less than 1,024 tokens are left out, as they measure the start of a request;
              so are times that grow less than half as fast as the prompt, which was then in the prefix cache

The goals look at a depth of at most 4,096 tokens and, of several requests, at most 64; the others have tables of their
own. Rows with speculation are counted and left out, as plans have none. `certainty` 0 is a row whose prompt or version
was assumed.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asking import ACCEPTED, Answer, Program, cell, program
from benchmarks.ratios import distance, table
from modelscan.hardware.described import describe_hardware
from modelscan.selecting.evidence import planning_facts
from modelscan.storage.documents import to_document

_DEEP, _MANY, _PROMPT = 4096, 64, 1024
_WORST = 15
_SPLIT = re.compile(r"(tp|pp)(\d+)")
_WATTS = re.compile(r"\b(\d{3}) W\b")
_BRIDGE = "NVLink bridge"
_USUAL_WATTS = {"RTX 3090": 350}  # the vendor's limit of the GPUs that rows name another one of
_NUMBER = re.compile(r"^\d+\s*[x\u00d7]\s*")
KINDS: dict[str, Callable[[Rated], str]] = {
    "certainty": lambda item: item.row["certainty"],
    "constants": lambda item: "fitted to them" if "FITTED" in item.row["notes"] else "not fitted to them",
    "layers": lambda item: item.row["moe"],
    "class": lambda item: item.row["gpu_class"],
    "quantization": lambda item: item.row["plan_quant"] or "not said",
    "backend": lambda item: item.row["backend"],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """One figure of a row beside the estimate of it, which is for `planned` requests: as many as fit, at most."""

    row: dict[str, str]
    kind: str
    measured: float
    estimate: float
    planned: int
    told: bool

    @property
    def ratio(self) -> float:
        return self.estimate / self.measured

    @property
    def depth(self) -> float:
        return depth(self.row) or 0.0

    @property
    def concurrency(self) -> int:
        return int(self.row["concurrency"])


def rate(row: dict[str, str], asked: Program, cached: Collection[str]) -> tuple[list[Rated], str | None]:
    """The figures of a row, or why there are none."""
    reason = _unusable(row)
    if reason is not None:
        return [], reason
    answer, told = asked.plan(row["plan_model"], row["plan_quant"] or None, *options_of(row, asked.folder))
    if answer.status != ACCEPTED:
        return [], f"{answer.code}: {_general(answer)}" if answer.code in {"usage", "no_kernel"} else answer.code
    figures = _figures(row, answer, cold=row["id"] not in cached)
    planned = answer.chosen["estimated"]["concurrency"] if answer.chosen else None
    found = [
        Rated(row=row, told=told, planned=planned or 1, kind=kind, measured=theirs, estimate=ours)
        for kind, theirs, ours in figures
    ]
    return found, None if found else "no figure that an estimate stands beside"


def _unusable(row: dict[str, str]) -> str | None:
    if not row["plan_model"]:
        return "no model of ours is named"
    if row["speculative"] not in {"", "none"}:
        return "speculation"
    if not row["concurrency"] or not depth(row):
        return "how many requests, or how long, is not said"
    return None


def _general(answer: Answer) -> str:
    """The failure without what differs from row to row."""
    return re.sub(r" for NVIDIA.*| for AMD.*| on this kind.*", "", answer.why)


def depth(row: dict[str, str]) -> float | None:
    """Tokens that are read for one of the answer, in the middle of the run."""
    prompt, output = row["prompt_tokens"], row["output_tokens"]
    return float(prompt or 0) + float(output or 0) / 2 if prompt or output else None


def options_of(row: dict[str, str], folder: Path) -> Iterator[str]:
    """The options of `plan` that say what the row says; the machine is in `folder` where it takes a file to say it."""
    split = {kind: int(number) for kind, number in _SPLIT.findall(row["parallelism"])}
    count, stages = int(row["gpu_count"] or 1), split.get("pp", 1)
    tensor = split.get("tp", max(count // stages, 1))
    count = max(count, tensor * stages)
    yield from ("--hardware", machine_of(row, count, folder))
    yield from ("--backend", row["backend"])
    yield from ("--tensor-parallel", str(tensor), "--pipeline-parallel", str(stages))
    yield from ("--context-length", str(max(int(depth(row) or 1), 1)))
    yield from ("--max-concurrency", row["concurrency"])
    if row["kv_dtype"]:
        yield from ("--kv-cache-dtype", row["kv_dtype"])


def machine_of(row: dict[str, str], count: int, folder: Path) -> str:
    """A description; where the row says what a driver would report besides, the file of such a machine."""
    name = _NUMBER.sub("", row["gpu"])
    spec, usual, held = f"{count}x{name}", _USUAL_WATTS.get(name), _WATTS.search(row.get("notes", ""))
    limits = {"power_limit_watts": int(held[1]), "power_default_watts": usual} if held and usual else {}
    pairs = list(itertools.combinations(range(count), 2)) if _BRIDGE in row.get("notes", "") else []
    if not limits and not pairs:
        return spec
    machine = to_document(describe_hardware(spec, planning_facts().gpus))
    machine["devices"] = [gpu | limits for gpu in machine["devices"]]
    machine["links"] = [{"gpus": pair, "nvlink": True, "p2p": True} for pair in pairs]
    path = folder / f"{row['id']}.json"
    path.write_text(json.dumps(machine), encoding="utf-8")
    return str(path)


def _figures(row: dict[str, str], answer: Answer, *, cold: bool) -> Iterator[tuple[str, float, float]]:
    """What kind of speed, theirs, ours."""
    estimated = answer.chosen["estimated"] if answer.chosen else {}
    decode = row["decode_tok_s"]
    # The context that is planned is how deep the run is.
    alone, together = (
        estimated["full_length_decode_tokens_per_second"],
        estimated["concurrent_decode_tokens_per_second"],
    )
    if decode and int(row["concurrency"]) == 1 and alone:
        yield "alone", float(decode), alone
    elif decode and int(row["concurrency"]) > 1 and together:
        yield "concurrent", float(decode), together / estimated["concurrency"]
    if cold and (read := _prompt_rate(row)) and estimated["prefill_tokens_per_second"]:
        yield "prefill", read, estimated["prefill_tokens_per_second"]


def _prompt_rate(row: dict[str, str]) -> float | None:
    prompt = float(row["prompt_tokens"] or 0)
    if prompt < _PROMPT or row["concurrency"] != "1":
        return None
    if row["prefill_tok_s"]:
        return float(row["prefill_tok_s"])
    return prompt * 1000 / float(row["ttft_ms"]) if row["ttft_ms"] else None


def cached_prompts(rows: Sequence[dict[str, str]]) -> set[str]:
    """The ids of rows of which the times to the first token cannot be those of reading the prompt."""
    runs: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        if row["ttft_ms"] and not row["prefill_tok_s"] and _prompt_rate(row):
            runs[tuple(row[key] for key in ("ref", "model", "quantization", "gpu", "parallelism"))].append(row)
    found: set[str] = set()
    for run in runs.values():
        short, *_, long = sorted([run[0], *run], key=lambda row: float(row["prompt_tokens"]))
        growth = [float(long[key]) / float(short[key]) for key in ("prompt_tokens", "ttft_ms")]
        if growth[1] < growth[0] / 2:
            found.update(row["id"] for row in run)
    return found


def show(rated: Sequence[Rated]) -> None:
    alone, together, prefill = (
        [item for item in rated if item.kind == kind] for kind in ("alone", "concurrent", "prefill")
    )
    near = [item for item in alone if item.depth <= _DEEP]
    goal = [item for item in together if item.depth <= _DEEP and item.concurrency <= _MANY]
    table(f"Alone, at most {_DEEP:,} tokens deep", near, _ratio, KINDS)
    table(f"Concurrent, at most {_MANY} requests, {_DEEP:,} tokens deep", goal, _ratio, KINDS | _AT_ONCE)
    table("Prefill", prefill, _ratio, KINDS)
    table("Alone, deeper", [item for item in alone if item.depth > _DEEP], _ratio, {})
    table("Concurrent, deeper or more", [item for item in together if item not in goal], _ratio, {})


def _ratio(item: Rated) -> float:
    return item.ratio


def _fit(item: Rated) -> str:
    return "for all of them" if item.planned >= item.concurrency else "for the fewer that fit at full length"


def _requests(item: Rated) -> str:
    return "up to 8" if item.concurrency <= 8 else "9 to 32" if item.concurrency <= 32 else "33 to 64"  # noqa: PLR2004


_AT_ONCE: dict[str, Callable[[Rated], str]] = {"requests": _requests, "estimate": _fit}


def show_worst(rated: Sequence[Rated], many: int) -> None:
    print("\n### Furthest off\n\n| row | what | on | requests, depth | estimate | measured | ratio | ref |")
    print("|---|---|---|---|---|---|---|---|")
    for item in sorted(rated, key=lambda item: -distance(item.ratio))[:many]:
        row = item.row
        what = f"{item.kind}: {row['plan_model']} {row['plan_quant']} {row['backend']}{' (told)' if item.told else ''}"
        on = f"{row['gpu_count'] or 1} x {row['gpu']} {row['parallelism']}"
        figures = f"{item.concurrency}, {item.depth:,.0f} | {item.estimate:,.1f} | {item.measured:,.1f}"
        print(f"| {row['id']} | {what} | {on} | {figures} | {item.ratio:.2f} | {cell(row['ref'])} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="rows of what people measured, as CSV")
    parser.add_argument("-v", "--verbose", action="store_true", help="every figure, not only those furthest off")
    options = parser.parse_args()
    with options.file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    rated: list[Rated] = []
    missing: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    cached = cached_prompts(rows)
    with program() as asked:
        for row in rows:
            found, reason = rate(row, asked, cached)
            rated.extend(found)
            if reason is not None:
                missing[reason, row["backend"]][row["plan_model"]] += 1
    told = sum(item.told for item in rated)
    print(
        f"{len(rows)} rows, {len(rated)} figures compared ({told} of a format that is not known offline and was told)"
    )
    print(f"{len(cached)} rows whose time to the first token is that of a cached prompt")
    print("\n| not compared | backend | rows | of them |\n|---|---|---|---|")
    for (reason, backend), models in sorted(missing.items(), key=lambda pair: (-pair[1].total(), pair[0])):
        named = ", ".join(f"{count} {model}" for model, count in models.most_common() if model)
        print(f"| {cell(reason)} | {backend} | {models.total()} | {named} |")
    show(rated)
    show_worst(rated, len(rated) if options.verbose else _WORST)


if __name__ == "__main__":
    main()
