"""The memory arithmetic against starts of vLLM and SGLang that others measured: `python -m benchmarks.memory_accuracy`.

`data/memory_truth_dev.csv` has one row per start, from public issues and logs (`source`). Rows that are not marked
`judge_weights` or `judge_pool` are shown and not counted: their settings or their weights are not certain.
Families that nobody measured in public are judged by their structure, in a table of its own (`families.py`).
"""

from __future__ import annotations

import csv
import statistics
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.families import print_families
from modelscan.backends.sampling import SAMPLING, SORTED_SAMPLING
from modelscan.backends.sglang.estimates import SGLANG_LOADING, SWA_FULL_TOKENS_RATIO, sglang_cells
from modelscan.backends.vllm.estimates import vllm_blocks, vllm_steps
from modelscan.dataclasses import dataclass, replace
from modelscan.hubs.families import shipped_families
from modelscan.model import WeightsDescription
from modelscan.planning.memory.activations import activation_bytes
from modelscan.planning.memory.overhead import gpu_overhead
from modelscan.storage.shipped import shipped_text
from modelscan.units import GIB
from modelscan.weights.counting.bytes import weights_bytes
from modelscan.weights.counting.kv_cache import layer_kinds, token_bytes
from modelscan.weights.counting.sizes import Sized
from modelscan.weights.reading.shipped import describe_shipped

_DATA = Path(__file__).parent / "data"
# The file's words for quantizations: the scheme, the method as a config names it, whether it happens while loading.
_METHODS = {
    "": (None, None, False),
    "awq": ("INT4", "awq", False),
    "fp8": ("FP8", "fp8", False),
    "fp8-fbgemm": ("FP8", "fbgemm_fp8", False),
    "w8a8-int8": ("INT8", "compressed-tensors", False),
    "bnb4": ("INT4", "bitsandbytes", False),
    "bnb4-onthefly": ("INT4", "bitsandbytes", True),
}
_DTYPES = {"bf16": "BF16", "bfloat16": "BF16", "fp16": "FP16", "float16": "FP16"}
_GRAPHS_COUNTED_FROM, _OWN_SAMPLER_FROM = (0, 21), (0, 17)


@dataclass(frozen=True, slots=True)
class Row:
    """One measured start: what was predicted, what was measured, and whether it counts."""

    id: str
    family: str
    what: str
    predicted: Sized
    measured: float
    scale: float
    judged: bool

    @property
    def error(self) -> float:
        """As a share of `scale`: the measured value, or the GPU's memory."""
        return abs(self.predicted.estimate - self.measured) / self.scale

    @property
    def held(self) -> bool:
        return self.predicted.low <= self.measured <= self.predicted.high

    @property
    def width(self) -> float:
        return (self.predicted.high - self.predicted.low) / self.scale


def main() -> int:
    found = measured_rows()
    for what in ("weights", "KV bytes per token", "vLLM KV pool", "SGLang tokens"):
        _table(what, [row for row in found if row.what == what], verbose="-v" in sys.argv)
    print_families(verbose="-v" in sys.argv)
    return 0


def measured_rows() -> list[Row]:
    """Each figure of each start whose shape is known, beside what is predicted of it."""
    rows = list(csv.DictReader((_DATA / "memory_truth_dev.csv").read_text().splitlines()))
    shapes = shipped_text("architectures.json")
    found: list[Row] = []
    for row in rows:
        weights = _described(row, shapes)
        if weights is None:
            continue
        judged = (judge(row, weights) for judge in (_weights, _kv_token, _vllm_pool, _sglang_tokens))
        found += [one for one in judged if one is not None]
    return found


def _described(row: dict[str, str], shapes: str) -> WeightsDescription | None:
    found = describe_shipped(row["architecture"], "huggingface", shapes, shipped_families())
    if found is None or found.architecture is None:
        return None
    if "embedding model" in row["notes"] or "no lm_head" in row["notes"]:
        found = replace(found, task="embed")
    scheme, method, _ = _METHODS[row["quant_method"]]
    if method is None:
        return found
    assert found.architecture is not None  # noqa: S101  every entry of the shipped file has one
    total = None if row["hf_repo"] != row["architecture"] else found.architecture.total_parameters
    shape = replace(found.architecture, quant_method=method, quant_bits=None, total_parameters=total)
    return replace(found, architecture=shape, quantization=scheme, format=method)


def _weights(row: dict[str, str], weights: WeightsDescription) -> Row | None:
    if not row["weights_gib_per_gpu"]:
        return None
    size = _estimated(row, weights)
    measured = float(row["weights_gib_per_gpu"]) * GIB
    return None if size is None else _row(row, "weights", size, measured, measured, row["judge_weights"] == "1")


def _estimated(row: dict[str, str], weights: WeightsDescription) -> Sized | None:
    scheme, _, at_load = _METHODS[row["quant_method"]]
    size = weights_bytes(
        weights,
        scheme or _DTYPES[row["weight_dtype"]],
        at_load=at_load,
        tensor_parallel=_int(row["tp"], 1),
        pipeline_parallel=_int(row["pp"], 1),
    )
    return size + SGLANG_LOADING if size is not None and row["engine"] == "sglang" else size


def _kv_token(row: dict[str, str], weights: WeightsDescription) -> Row | None:
    """The pool's bytes over its tokens; on vLLM for models whose layers are alike, on SGLang for one pool."""
    shape = weights.architecture
    if shape is None or not row["usable_kv_per_token"] or not row["kv_tokens"]:
        return None
    tokens, tp = int(row["kv_tokens"]), _int(row["tp"], 1)
    pool = float(row["kv_cache_gib_per_gpu"] or 0) * GIB
    kinds, number = layer_kinds(shape), _number(row)
    if row["k_size_gib"]:
        pool = (float(row["k_size_gib"]) + float(row["v_size_gib"])) * GIB
    elif len(kinds) > 1 or not pool:
        return None
    stage = max(_int(row["pp"], 1), 1)
    layers = kinds.get("full", 0) if row["k_size_gib"] else sum(kinds.values())
    each = token_bytes(shape, tp, number) * layers / stage
    measured = pool / tokens
    return _row(row, "KV bytes per token", Sized(int(each), int(each), int(each)), measured, measured, judged=True)


def _vllm_pool(row: dict[str, str], weights: WeightsDescription) -> Row | None:
    """From GPU and settings alone; a row that prints only tokens gives the bytes by the arithmetic of tokens."""
    shape, total = weights.architecture, float(row["gpu_total_mem_gib"] or 0) * GIB
    size = _estimated(row, weights)
    if (
        row["engine"] != "vllm"
        or row["engine_gen"] != "V1"
        or not total
        or size is None
        or shape is None
        or not row["mem_util_setting"]
    ):
        return None
    tp = _int(row["tp"], 1)
    if row["kv_cache_gib_per_gpu"]:
        measured = float(row["kv_cache_gib_per_gpu"]) * GIB
    elif row["kv_tokens"] and (blocks := vllm_blocks(shape, tensor_parallel=tp, number=_number(row))):
        measured = int(row["kv_tokens"]) / blocks.groups[0].block * blocks.block_bytes
    else:
        return None
    sequences = _int(row["max_num_seqs"], _int(row["assumed_max_num_seqs"], 256))
    tokens = _int(row["max_num_batched_tokens"], _int(row["assumed_max_num_batched_tokens"], 2048))
    sampling = SAMPLING if _version(row) >= _OWN_SAMPLER_FROM else SORTED_SAMPLING
    activations = activation_bytes(shape, tokens=tokens, sequences=sequences, tensor_parallel=tp, sampling=sampling)
    graphs = row["eager"] != "True" and _version(row) >= _GRAPHS_COUNTED_FROM
    captured = vllm_steps(int(total), sequences=sequences).captured if graphs else 0
    used = size + activations + gpu_overhead(shape, gpus=tp, captured=captured).total
    share = int(total * float(row["mem_util_setting"]))
    pool = Sized(share - used.high, share - used.estimate, share - used.low)
    return _row(row, "vLLM KV pool", pool, measured, total, row["judge_pool"] == "1")


def _sglang_tokens(row: dict[str, str], weights: WeightsDescription) -> Row | None:
    if row["engine"] != "sglang" or not row["kv_tokens"] or not row["avail_after_load_gib"]:
        return None
    before, after = (float(row[f"avail_{when}_load_gib"] or 0) * GIB for when in ("before", "after"))
    if not before or not row["mem_util_setting"]:
        return None
    rest = int(after - before * (1 - float(row["mem_util_setting"])))
    slack = max(int(0.02 * GIB), rest // 80)  # free memory is printed to a hundredth, and moves between two looks
    # Some rows ran with another share than their log's name says: what the two pools print is what was set.
    pools = row["kv_tokens_second_pool"]
    share = int(pools) / int(row["kv_tokens"]) if pools else SWA_FULL_TOKENS_RATIO
    cells = sglang_cells(
        weights.architecture, tensor_parallel=_int(row["tp"], 1), number=_number(row), window_share=share
    )
    if cells is None:
        return None
    low, middle, high = (cells.capacity(amount, 1, 0).tokens for amount in (rest - slack, rest, rest + slack))
    measured = float(row["kv_tokens"])
    return _row(row, "SGLang tokens", Sized(low, middle, high), measured, measured, row["judge_pool"] == "1")


def _number(row: dict[str, str]) -> float:
    return 1.0 if row["kv_cache_dtype"].startswith("fp8") else 2.0


def _version(row: dict[str, str]) -> tuple[int, ...]:
    return tuple(int(part) for part in row["engine_version"].split("+")[0].split(".")[:2] if part.isdecimal())


def _int(text: str, default: int) -> int:
    return int(text) if text else default


def _row(row: dict[str, str], what: str, predicted: Sized, measured: float, scale: float, judged: bool) -> Row:
    return Row(row["row_id"], row["family"], what, predicted, measured, scale, judged)


def _table(what: str, rows: list[Row], *, verbose: bool) -> None:
    judged = [row for row in rows if row.judged]
    print(f"{what}: {len(judged)} rows judged, {len(rows) - len(judged)} more shown")
    families = sorted({row.family for row in judged})
    print(f"  {'family':<24}{'rows':>5}{'median':>9}{'p90':>9}{'in bounds':>12}{'width':>9}")
    for family in families:
        _line(family, [row for row in judged if row.family == family])
    _line("all", judged)
    if verbose:
        for row in sorted(rows, key=lambda row: -row.error):
            mark = "" if row.judged else "  (not judged)"
            sign = "" if row.held else "  outside the bounds"
            print(f"    {row.id:<38}{row.predicted.estimate:>16,}{row.measured:>18,.0f}{row.error:>9.2%}{sign}{mark}")
    print()


def _line(name: str, rows: list[Row]) -> None:
    if not rows:
        return
    errors = [row.error for row in rows]
    held = sum(row.held for row in rows)
    width = statistics.median(row.width for row in rows)
    p90 = _quantile(errors, 0.9)
    bounds = f"{held:>9}/{len(rows):<2}{width:>9.2%}" if width else ""
    print(f"  {name:<24}{len(rows):>5}{statistics.median(errors):>9.2%}{p90:>9.2%}{bounds}")


def _quantile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


if __name__ == "__main__":
    sys.exit(main())
