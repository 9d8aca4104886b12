"""What people served or were refused, against our plans of the same: `python -m benchmarks.context_accuracy FILE.csv`.

Each row is one start that somebody reported, with its source (`ref`): hardware, model, quantization, KV cache type,
share of the GPU, requests at once, context length, flags. It is planned with just these settings, on as many GPUs,
tensor parallel unless the row says otherwise, for the backend's newest version. Speculation by layers of the model's
own is asked for as a user would, with `--backend-arg`; what needs a second model is no argument yet: such rows are
planned without it. Both are marked.

Rows fall into four groups, each with its own figures; the first is what the goals are about:
  current, stated      vLLM 0.21 or later (since then the profile counts CUDA graphs in the share, as that of what
                       is planned for does; builds without such a number: of June 2026 or later), and model,
                       quantization, KV type, share, requests at once and context are all said
  current, not stated  the same versions, and something of these is left to a default that we do not know
  older                versions before, whose arithmetic is another
  version not said

A row is accepted where a plan is feasible. One that a plan cannot judge (no shape offline, no kernel, a backend or an
argument that is not ours) is counted with the reason: in the first share it is left out, in the second it counts as a
miss. Of what failed, a kernel that is not there is a refusal. Pools are compared where both have one and the share is
said, as without it the size of the pool is a choice.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import shlex
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asking import ACCEPTED, NO_FIT, Answer, Program, cell, program
from benchmarks.ratios import HEAD, distance, summary

GROUPS = ("current, stated", "current, not stated", "older", "version not said")
_COUNTS_GRAPHS = (0, 21)
# A build without a number of vLLM's (a nightly one, another backend's) goes by the day of the report.
_NIGHTLY, _CURRENT_FROM = "0.1.dev", "2026-06"
_OFF = 1.1
_UNSAID = re.compile(r"not stated|^$", re.IGNORECASE)
_BACKENDS = {"vllm": "vllm", "sglang": "sglang", "llama.cpp": "llamacpp"}
_INT4 = re.compile(r"INT4|AWQ|GPTQ|W4A16", re.IGNORECASE)
_INT8 = re.compile(r"INT8|W8A16|W8A8", re.IGNORECASE)
# What owners of quantized repos append to the name of the model.
_FORM = re.compile(r"[-_](fp8|nvfp4|mxfp4|awq|gptq|int[48]|w4a16|w8a8|w8a16|4bit|8bit|dynamic|block)$", re.IGNORECASE)
_OWN_LAYERS = re.compile(r"mtp(?: (\d+))?(?=$| \()")
_SPLIT = re.compile(r"TP(\d+)(?:\s+PP(\d+))?")
# Codes of plans that say nothing about memory: what is not known or not ours, not what is too large.
_UNJUDGED = {
    "source_unavailable": "no shape offline",
    "model_not_found": "no such model",
    "no_weights": "no weights in this format",
    "model_ambiguous": "several models of this name",
    "closed_weights": "closed weights",
    "gpu_not_found": "no such GPU",
    "usage": "an option that is not ours",
    "no_kernel": "no kernel",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One row and its plan. `told`: its repo, or the format of its model, is not known offline, and had to be told."""

    row: dict[str, str]
    answer: Answer
    told: bool

    @property
    def group(self) -> str:
        return group_of(self.row)

    @property
    def served(self) -> bool:
        return self.row["status"].startswith("served")

    @property
    def accepted(self) -> bool:
        return self.answer.status == ACCEPTED

    @property
    def unjudged(self) -> str | None:
        """Why this plan is no answer to whether it fits; None where it is one."""
        if self.accepted or (not self.served and self.answer.code == "no_kernel"):
            return None
        if self.answer.status == NO_FIT and self.answer.code not in _UNJUDGED:
            return None
        return _UNJUDGED.get(self.answer.code, self.answer.code)

    @property
    def pool(self) -> float | None:
        """Our tokens to theirs."""
        ours = self.answer.chosen["kv_cache_tokens"] if self.answer.chosen else None
        theirs = self.row["pool_tokens"]
        return ours / float(theirs) if self.served and ours and theirs and _said(self.row["gpu_util"]) else None

    @property
    def held(self) -> bool:
        """Whether their pool lies within the bounds of ours."""
        memory = self.answer.chosen["memory_per_gpu"] if self.answer.chosen else None
        if memory is None or self.pool is None:
            return False
        low, high = (memory[f"kv_cache_{end}_bytes"] / memory["kv_cache_bytes"] for end in ("low", "high"))
        return bool(low <= 1 / self.pool <= high)


def group_of(row: dict[str, str]) -> str:
    stated = all(_said(row[key]) for key in ("model", "quantization", "kv_dtype", "gpu", "gpu_util"))
    stated = stated and all(_said(row[key]) for key in ("max_num_seqs", "max_model_len"))
    if not row["version"]:
        return GROUPS[3]
    if not _is_current(row):
        return GROUPS[2]
    return GROUPS[0] if stated else GROUPS[1]


def _is_current(row: dict[str, str]) -> bool:
    if row["backend"] != "vllm" or row["version"].startswith(_NIGHTLY):
        return row["date"] >= _CURRENT_FROM
    found = re.match(r"(\d+)\.(\d+)", row["version"])
    return found is not None and (int(found[1]), int(found[2])) >= _COUNTS_GRAPHS


def _said(text: str) -> bool:
    return _UNSAID.search(text) is None


def judge(row: dict[str, str], asked: Program) -> Judged:
    quantization = quantization_of(row["quantization"])
    options = list(options_of(row))
    answer, told = asked.plan(row["model"], quantization, *options)
    if answer.code in {"source_unavailable", "model_not_found"} and (base := base_of(row["model"])) != row["model"]:
        answer, told = asked.plan(base, quantization, *options)
        told = told or answer.code not in {"source_unavailable", "model_not_found"}
    return Judged(row=row, answer=answer, told=told)


def quantization_of(text: str) -> str | None:
    """The program's word for what people call a format."""
    if not _said(text):
        return None
    if _INT8.search(text):
        return "INT8"
    return "INT4" if _INT4.search(text) else text


def base_of(model: str) -> str:
    """The name of the model that a repo is a quantized form of: `RedHatAI/Qwen3-14B-FP8-dynamic` is of `Qwen3-14B`."""
    name = model.rpartition("/")[2]
    while (shorter := _FORM.sub("", name)) != name:
        name = shorter
    return name


def options_of(row: dict[str, str]) -> Iterator[str]:
    """The options of `plan` that say what the row says."""
    count = int(row["gpu_count"] or 1)
    yield from ("--hardware", f"{count}x{_gpu(row['gpu'])}")
    yield from ("--backend", _BACKENDS.get(row["backend"], row["backend"]))
    split = _SPLIT.search(row["flags"])
    if split is not None:
        yield from ("--tensor-parallel", split[1], "--pipeline-parallel", split[2] or "1")
    elif count > 1:
        yield from ("--tensor-parallel", str(count))
    if row["max_model_len"]:
        yield from ("--context-length", row["max_model_len"])
    if row["max_num_seqs"]:
        yield from ("--max-concurrency", row["max_num_seqs"])
    if row["kv_dtype"] != "auto" and _said(row["kv_dtype"]):
        word = row["kv_dtype"].split()[0]
        yield from ("--kv-cache-dtype", {"bf16": "bfloat16"}.get(word, word))
    if row["gpu_util"]:
        share = row["gpu_util"].removeprefix("default").strip()
        yield from ("--gpu-memory-utilization", share or "0.92")  # vLLM 0.33, which is planned for
    yield from flags_of(row["flags"])
    yield from speculation_of(row)


def speculation_of(row: dict[str, str]) -> Iterator[str]:
    """`mtp 3`: three tokens a step, by layers of the model's own."""
    found = _OWN_LAYERS.match(row["speculative"])
    if found is not None and row["backend"] == "vllm":
        setting = {"method": "mtp"} | ({"num_speculative_tokens": int(found[1])} if found[1] else {})
        yield f"--backend-arg=--speculative-config={json.dumps(setting)}"


def _gpu(name: str) -> str:
    """As `--hardware` takes it: without the size that some reports add to the name."""
    return re.sub(r"\s*\((.*)\)|(?<=Blackwell) \d+GB$", "", name)


def flags_of(text: str) -> Iterator[str]:
    """Arguments and variables; other words of the column are remarks."""
    words = shlex.split(re.sub(r"\(.*?\)", "", text))
    for place, word in enumerate(words):
        following = words[place + 1] if place + 1 < len(words) else "-"
        value = "" if following.startswith("-") else f"={following}"
        if word == "--enforce-eager":
            yield word
        elif word.startswith("--") and word != "--max-num-seqs":
            yield f"--backend-arg={word}{value}"
        elif re.fullmatch(r"[A-Z0-9_]+=\S*", word):
            yield from ("--env", word)


def show(group: str, rows: Sequence[Judged]) -> None:
    print(f"\n## {group}: {len(rows)} rows\n\n| rows | all | can be judged | right | of those judged | of all |")
    print("|---|---|---|---|---|---|")
    for label, served in (("served, and accepted", True), ("failed, and refused", False)):
        wanted = [item for item in rows if item.served is served]
        judged = [item for item in wanted if item.unjudged is None]
        right = sum(item.accepted is served for item in judged)
        print(f"| {label} | {len(wanted)} | {len(judged)} | {right} | {_of(right, judged)} | {_of(right, wanted)} |")
    reasons = Counter(item.unjudged for item in rows if item.unjudged)
    print(f"\nnot judged: {', '.join(f'{count} {reason}' for reason, count in reasons.most_common()) or 'none'}")
    pools = [item for item in rows if item.pool is not None]
    plain = [item for item in pools if item.row["speculative"] == "none"]
    print(f"\n| our pool to theirs, tokens {HEAD} within our bounds |\n|---|---|---|---|---|---|---|---|")
    for label, items in (("all", pools), ("without speculation", plain)):
        held = sum(item.held for item in items)
        print(f"| {label} {summary([item.pool for item in items if item.pool])} {held} |")
    _show_misses(rows)


def _of(part: int, whole: Sequence[Judged]) -> str:
    return f"{part / len(whole):.0%}" if whole else ""


def _show_misses(rows: Sequence[Judged]) -> None:
    print("\n| row | what | on | said | ours | why |\n|---|---|---|---|---|---|")
    for item in rows:
        row, pool = item.row, item.pool
        if item.unjudged is None and item.accepted is item.served and (pool is None or distance(pool) <= _OFF):
            continue
        marks = [
            *(["speculation"] if row["speculative"] != "none" else []),
            *(["planned as its model"] if item.told else []),
        ]
        what = ", ".join([row["model"], row["quantization"], f"KV {row['kv_dtype']}", *marks])
        on = f"{row['gpu_count']} x {row['gpu']}, {row['gpu_util'] or '?'}, {row['max_num_seqs'] or '?'} slots"
        said = f"{row['status']} {row['max_model_len']}{' pool ' + row['pool_tokens'] if row['pool_tokens'] else ''}"
        print(f"| {row['id']} | {cell(what)} | {cell(on)} | {cell(said)} | {_ours(item)} | {cell(_why(item))} |")


def _ours(item: Judged) -> str:
    if item.unjudged is not None:
        return item.unjudged
    if not item.accepted:
        return f"refused ({item.answer.code})"
    return f"accepted, pool x {item.pool:.2f}" if item.pool is not None else "accepted"


def _why(item: Judged) -> str:
    chosen = item.answer.chosen
    if not item.accepted or chosen is None:
        return item.answer.why
    memory = chosen["memory_per_gpu"]
    parts = ("weights", "activations", "overhead", "kv_cache")
    sizes = ", ".join(f"{part} {memory[f'{part}_bytes'] / 2**30:.2f}" for part in parts)
    share, note = chosen["gpu_memory_utilization"], item.row["limit_note"]
    return f"{chosen['repo_id']}: {sizes} GiB at {share}{'; they: ' + note if note else ''}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="rows of what people served, as CSV")
    with parser.parse_args().file.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with program() as asked:
        judged = [judge(row, asked) for row in rows]
    told = sum(item.told for item in judged)
    print(f"{len(rows)} rows; {told} whose repo or format is not known offline were planned as their model")
    for group in GROUPS:
        show(group, [item for item in judged if item.group == group])
    pools = [distance(item.pool) for item in judged if item.group == GROUPS[0] and item.pool is not None]
    if pools:
        print(f"\n{GROUPS[0]}: pools are off by {statistics.median(pools) - 1:.0%} in the median")


if __name__ == "__main__":
    main()
