"""Every family summed from its config, against the model that transformers builds of it and the cache that vLLM asks for.

The rows are `benchmarks/data/families.jsonl`; how they were made is written in `benchmarks/families.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from benchmarks.families import cache_of, families, weights_error
from tests.planning.machines import llama

from modelscan.backends.vllm.estimates import vllm_blocks
from modelscan.dataclasses import replace
from modelscan.hubs.families import shipped_families
from modelscan.model import WeightsDescription
from modelscan.storage.shipped import shipped_text
from modelscan.weights.counting.bytes import bytes_per_parameter, weights_bytes
from modelscan.weights.counting.kv_cache import cached_kinds, token_bytes
from modelscan.weights.counting.tensors import parameters_per_gpu
from modelscan.weights.counting.trust import is_known
from modelscan.weights.reading.shape import read_architecture
from modelscan.weights.reading.shipped import describe_shipped

FAMILIES = shipped_families()
ROWS = families()
# What is off by more than a thousandth, and why.
_OFF = {
    "nvidia/Hymba-1.5B-Instruct": 0.06,  # heads of attention and state in one, with parts shared between layers
    "google/gemma-4-E4B-it": 0.007,  # K and V of layers that use another's: in the files, not in transformers' class
    "google/gemma-4-E2B-it": 0.003,
    "answerdotai/ModernBERT-large": 0.003,  # a head that pooling does not load
    "BAAI/bge-small-en-v1.5": 0.005,  # a pooler that no backend loads
    "BAAI/bge-large-en-v1.5": 0.0035,
    "BAAI/bge-m3": 0.003,
    "BAAI/bge-reranker-v2-m3": 0.003,
}


@pytest.mark.parametrize("row", ROWS, ids=[row["repo"] for row in ROWS])
def test_the_structure_adds_up_to_the_model_that_is_built(row: dict[str, Any]) -> None:
    assert abs(weights_error(row)) < _OFF.get(row["repo"], 0.001)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "cache" in row], ids=[row["repo"] for row in ROWS if "cache" in row]
)
def test_the_cache_is_what_the_layers_of_vllm_ask_for(row: dict[str, Any]) -> None:
    assert cache_of(read_architecture(row["config"], FAMILIES)) == row["cache"]


def test_every_family_that_adds_up_is_known_and_a_stranger_widens_the_bounds() -> None:
    shapes = {row["config"]["model_type"]: read_architecture(row["config"], FAMILIES) for row in ROWS}
    assert {model_type for model_type, shape in shapes.items() if not is_known(shape)} == {"hymba"}
    widths = []
    for family in ("llama", "a-family-of-tomorrow"):
        shape = replace(llama(model_type=family), total_parameters=None)
        size = weights_bytes(
            WeightsDescription(source="huggingface", repo_id="a/b", location="a/b", architecture=shape), "BF16"
        )
        assert size is not None
        widths.append((size.high - size.low) / size.estimate)
    assert widths[1] - widths[0] == pytest.approx(0.3, abs=0.01)


def test_experts_of_four_bits_beside_matrices_of_eight() -> None:
    """DeepSeek-V4-Flash: 277 billion of its 284 in FP4, with a scale per 32, though its config says FP8."""
    found = describe_shipped(
        "deepseek-ai/DeepSeek-V4-Flash", "huggingface", shipped_text("architectures.json"), FAMILIES
    )
    assert found is not None
    size = weights_bytes(found, "FP8")
    assert size is not None
    assert size.estimate / 1e9 == pytest.approx(277.03 * 0.53125 + 6.2 + 2 * 1.1, rel=0.01)


@pytest.mark.parametrize(("symmetric", "each"), [(True, 0.5 + 2 / 32), (False, 0.5 + 2.5 / 32)])
def test_a_group_without_zeros_is_smaller(symmetric: bool, each: float) -> None:
    """Kimi-K2.5's experts: groups of 32, symmetric (compressed-tensors: pack-quantized)."""
    packed = {"num_bits": 4, "group_size": 32, "type": "int", "symmetric": symmetric}
    shape = read_architecture({
        "model_type": "kimi_k25",
        "quantization_config": {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": packed}}},
    }, FAMILIES)  # fmt: skip
    weights = WeightsDescription(source="huggingface", repo_id="a/b", location="a/b", architecture=shape)
    assert bytes_per_parameter("INT4", weights) == each


def test_rows_for_every_fourth_token_and_a_window_in_each_layer() -> None:
    """DeepSeek-V4-Flash: 21 layers of a row per 4 tokens and an indexer's, 20 of a row per 128 (vLLM 0.32)."""
    found = describe_shipped(
        "deepseek-ai/DeepSeek-V4-Flash", "huggingface", shipped_text("architectures.json"), FAMILIES
    )
    assert found is not None
    assert found.architecture is not None
    assert cached_kinds(found.architecture) == {"full": 41, "sliding": 43}
    token = 41 * token_bytes(found.architecture, 8, 2.0)
    assert token == pytest.approx(21 * (584 + 132) / 4 + 20 * 584 / 128)
    blocks = vllm_blocks(found.architecture, number=2.0)
    assert blocks is not None
    assert blocks.per_request(1_000_000, 8192) > blocks.per_request(100_000, 8192)


def test_a_state_is_kept_once_where_nothing_attends_and_twice_beside_attention() -> None:
    rows = {row["repo"]: read_architecture(row["config"], FAMILIES) for row in ROWS}
    pure = vllm_blocks(rows["state-spaces/mamba-2.8b-hf"], number=2.0)
    beside = vllm_blocks(rows["Qwen/Qwen3-Next-80B-A3B-Instruct"], number=2.0)
    assert pure is not None
    assert beside is not None
    assert (pure.per_request(100_000, 0), beside.states) == (1, 2)


def test_what_was_heard_takes_blocks_of_its_own() -> None:
    rows = {row["repo"]: read_architecture(row["config"], FAMILIES) for row in ROWS}
    blocks = vllm_blocks(rows["openai/whisper-large-v3"], number=2.0)
    assert blocks is not None
    assert blocks.per_request(448, 0) == 448 // 16 + -(-1500 // 16)


@pytest.mark.parametrize("row", ROWS, ids=[row["repo"] for row in ROWS])
def test_more_gpus_never_hold_more_each(row: dict[str, Any]) -> None:
    shape = read_architecture(row["config"], FAMILIES)
    counts = [parameters_per_gpu(shape, gpus) for gpus in (1, 2, 4, 8)]
    assert all(count is not None for count in counts)
    each = [count.checkpoint for count in counts if count is not None]
    assert each == sorted(each, reverse=True)
    pages = [vllm_blocks(shape, tensor_parallel=gpus, number=2.0) for gpus in (1, 8)]
    assert (pages[0] is None) == (pages[1] is None)
