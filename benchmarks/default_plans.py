"""The default plan of each of the most wanted pairs of model and machine: `python -m benchmarks.default_plans`.

One line each, so that the difference between two runs is what a change did:

    python -m benchmarks.default_plans > before; ...; python -m benchmarks.default_plans | diff before -

`pool` is what the cache holds at least (the low bound), in tokens, and in blocks where the backend counts in blocks.
`!` marks plans that vLLM ends at their start: layers keep a state per request, full graphs are captured, and more
requests are let in than there are blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.asking import Answer, cell, program

# What people ask for most, and pairs that went wrong in public reports (a state per request beside few blocks, packed
# counts, unified memory, a context against idle GPUs, a CPU, small models that filled a large card).
PAIRS = {
    "alibaba/qwen3-coder-30b-a3b-instruct": ("rtx-4090", "2xrtx-4090", "rtx-5090"),
    "qwen/qwen3-8b": ("t4", "rtx-3060-12gb", "gb10", "cpu:64gb"),
    "qwen/qwen3-32b": ("rtx-4090", "2xrtx-4090", "h100-80gb"),
    "qwen/qwen3-vl-8b-instruct": ("rtx-4090",),
    "alibaba/qwen3.5-27b": ("2xrtx-3090", "cpu:64gb"),
    "alibaba/qwen3.5-122b-a10b": ("h100-80gb", "4xrtx-3090"),
    "alibaba/qwen3.6-27b": ("rtx-5090", "2xrtx-4090", "2xrtx-3090", "l40s", "h100-80gb"),
    "alibaba/qwen3.6-35b-a3b": ("2xrtx-4090", "2xrtx-5090", "l40s", "h100-80gb"),
    "qwen/qwen3.8-27b": ("rtx-3090", "rtx-5090", "2xrtx-4090", "l40s", "h100-80gb", "2xrx-7900-xt"),
    "meta-llama/llama-3.1-8b-instruct": ("rtx-3090",),
    "meta-llama/llama-3.3-70b-instruct": ("gb10", "2xh100-80gb"),
    "google/gemma-3-27b-it": ("8xh100-80gb", "gb10", "cpu:64gb"),
    "google/gemma-4-26b-a4b-it": ("rtx-4090", "rtx-5090"),
    "google/gemma-4-31b-it": ("2xrtx-3090", "cpu:64gb"),
    "mistralai/Mistral-Small-3.2-24B-Instruct-2506": ("rtx-4090", "rx-7900-xtx", "gb10", "cpu:64gb"),
    "mistralai/devstral-small-2-24b-instruct-2512": ("rtx-4090",),
    "openai/gpt-oss-20b": ("rtx-4090", "r9700"),
    "openai/gpt-oss-120b": ("8xh100-80gb", "gb10"),
    "zai-org/GLM-4.5-Air": ("2xh100-80gb", "4xrtx-3090"),
    "moonshotai/Kimi-K2-Thinking": ("8xh100-80gb", "8xh200-141gb"),
    "deepseek-ai/DeepSeek-V4-Flash": ("2xh20", "8xh100-80gb"),
    "MiniMaxAI/MiniMax-M2.7": ("8xrtx-pro-6000",),
    "demo": ("rtx-4090", "cpu:64gb"),
    "qwen/qwen3-embedding-0.6b": ("rtx-4090",),
    "baai/bge-m3": ("rtx-4090",),
    "qwen/qwen3-reranker-0.6b": ("rtx-4090",),
}
HEAD = ("model", "machine", "plan", "GPUs", "context", "KV type", "requests", "pool", "share", "parsers", "repo")
_BLOCKS = re.compile(r"^([\d,]+) blocks x")
_STATES = re.compile(r"linear|mamba|ssm|state", re.IGNORECASE)
_PARSER = re.compile(r"--(?:tool-call|reasoning)-parser=(\S+)")


def line(model: str, machine: str, answer: Answer) -> list[str]:
    chosen = answer.chosen
    if chosen is None:
        return [model, machine, f"no plan ({answer.code})", *[""] * (len(HEAD) - 4), answer.why]
    gpus = len(chosen["gpu_indices"])
    split = [f"{key[0]}p{chosen[key]}" for key in ("tensor_parallel", "pipeline_parallel", "data_parallel")]
    divided = " ".join(word for word in split if not word.endswith("p1"))
    share = chosen["gpu_memory_utilization"]
    return [
        model,
        machine,
        f"{chosen['backend']} {chosen['quantization']}{' eager' if chosen['enforce_eager'] else ''}",
        f"{gpus} of {len(answer.document['hardware']['devices'])} {divided}".strip(),
        f"{chosen['max_model_len'] or '-'}",
        chosen["kv_cache_dtype"] or "auto",
        f"{chosen['max_num_seqs'] or '-'}{' !' if breaks(chosen) else ''}",
        ", ".join(_pool(chosen)),
        f"{share:g}" if share else "-",
        " ".join(parsers(chosen)) or "-",
        chosen["repo_id"] if chosen["source"] != "local_path" else Path(chosen["repo_id"]).name,
    ]


def parsers(chosen: Mapping[str, Any]) -> list[str]:
    return _PARSER.findall(" ".join(chosen["argv"]))


def blocks(chosen: Mapping[str, Any]) -> int | None:
    """How many blocks the cache has at least, where the backend counts in blocks."""
    for part in chosen["arithmetic"]:
        found = _BLOCKS.match(part["how"])
        if part["part"] == "kv_cache" and found is not None:
            count = int(found[1].replace(",", ""))
            return int(part["low_bytes"] * count // part["estimate_bytes"]) if part["estimate_bytes"] else count
    return None


def breaks(chosen: Mapping[str, Any]) -> bool:
    """Whether vLLM would refuse to start: more requests than blocks of states (`config/compilation.py`, 0.32)."""
    states = any(_STATES.search(part["how"]) for part in chosen["arithmetic"] if part["part"] == "kv_cache")
    known, most = blocks(chosen), chosen["max_num_seqs"]
    return states and not chosen["enforce_eager"] and known is not None and most is not None and most > known


def _pool(chosen: Mapping[str, Any]) -> Iterator[str]:
    memory, tokens = chosen["memory_per_gpu"], chosen["kv_cache_tokens"]
    if tokens and memory["kv_cache_bytes"]:
        yield f"{int(tokens * memory['kv_cache_low_bytes'] / memory['kv_cache_bytes'])} tokens"
    if (known := blocks(chosen)) is not None:
        yield f"{known} blocks"


def main() -> None:
    broken = planned = 0
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    with program() as asked:
        for model, machines in PAIRS.items():
            for machine in machines:
                answer = asked.ask("plan", model, "--hardware", machine)
                print(f"| {' | '.join(map(cell, line(model, machine, answer)))} |")
                planned += answer.chosen is not None
                broken += answer.chosen is not None and breaks(answer.chosen)
    pairs = sum(map(len, PAIRS.values()))
    print(f"\n{pairs} pairs, {planned} with a plan, {broken} that would not start for want of blocks")


if __name__ == "__main__":
    main()
