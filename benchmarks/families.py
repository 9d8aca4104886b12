"""Weights and KV cache summed from the structure, against models that were built: no figure of a start is in it.

`data/families.jsonl` has one `config.json` per line, cut to what counts, with the parameters of the class that
transformers 5.19.0 builds from it on PyTorch's `meta` device (`scripts/catalogs/families.py`), or, where it has no such
class, those of the repo's safetensors headers as llmfit 1.1.17 lists them (`source`); `cache` is what the layers of
vLLM 0.32.0 built from it ask for: of each kind how many, and bytes per token or of one state.
"""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from modelscan.hubs.families import shipped_families
from modelscan.model import Architecture
from modelscan.weights.counting.kv_cache import cached_kinds, state_bytes, token_bytes
from modelscan.weights.counting.tensors import parameters_per_gpu
from modelscan.weights.reading.shape import read_architecture

DATA = Path(__file__).parent / "data" / "families.jsonl"
_SHOWN = 0.001


def families() -> list[dict[str, Any]]:
    return [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]


def weights_error(row: dict[str, Any]) -> float:
    """Of the sum, as a share of what was built."""
    counted = parameters_per_gpu(read_architecture(row["config"], shipped_families()))
    return (counted.checkpoint if counted is not None else 0) / int(row["parameters"]) - 1


def cache_of(shape: Architecture) -> dict[str, list[int]]:
    """As `cache` in the data: layers of each kind, and bytes per token or state on one GPU in 16 bit."""
    found = {
        kind: [layers, int(state_bytes(shape, 1) if kind == "linear" else token_bytes(shape, 1, 2.0, kind))]
        for kind, layers in cached_kinds(shape).items()
    }
    if shape.num_encoder_layers:
        found["cross"] = [shape.num_hidden_layers or 0, int(token_bytes(shape, 1, 2.0))]
    return found


def print_families(*, verbose: bool) -> None:
    rows = families()
    errors: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        errors[row["config"]["model_type"]].append(weights_error(row))
    every = sorted(abs(error) for found in errors.values() for error in found)
    print(f"from structure: parameters of {len(rows)} models of {len(errors)} families, never fitted to a measurement")
    print(f"  {'family':<24}{'models':>7}{'median':>10}{'worst':>10}")
    for family, found in sorted(errors.items()):
        if verbose or max(map(abs, found)) >= _SHOWN:
            print(
                f"  {family:<24}{len(found):>7}{statistics.median(map(abs, found)):>10.3%}{max(map(abs, found)):>10.3%}"
            )
    print(f"  {'all':<24}{len(every):>7}{statistics.median(every):>10.3%}{every[-1]:>10.3%}")
    exact = sum(error < _SHOWN for error in every)
    print(f"  {exact} of {len(every)} within {_SHOWN:.1%}; the families that are not are listed, all of them with -v")
    cached = [row for row in rows if "cache" in row]
    same = sum(cache_of(read_architecture(row["config"], shipped_families())) == row["cache"] for row in cached)
    print(f"from structure: layers and bytes of the KV cache are vLLM's own for {same} of {len(cached)} models")
