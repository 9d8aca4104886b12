"""The roofline beside published runs of vLLM; it is an estimate, and a fifth off is close."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import FACTS, llama, machine, new_shape, weights

from modelscan.model import Architecture, Estimated, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.speed import touched

QWEN3_8B = llama(
    model_type="qwen3",
    num_hidden_layers=36,
    intermediate_size=12288,
    vocab_size=151936,
    max_position_embeddings=40960,
    total_parameters=8_190_735_360,
)
QWEN3_4B = llama(
    model_type="qwen3",
    num_hidden_layers=36,
    hidden_size=2560,
    intermediate_size=9728,
    vocab_size=151936,
    max_position_embeddings=40960,
    tie_word_embeddings=True,
    total_parameters=4_022_468_096,
)
QWEN3_30B = llama(
    model_type="qwen3_moe",
    num_hidden_layers=48,
    hidden_size=2048,
    intermediate_size=6144,
    num_key_value_heads=4,
    vocab_size=151936,
    max_position_embeddings=40960,
    num_experts=128,
    num_experts_per_token=8,
    moe_intermediate_size=768,
    total_parameters=30_532_122_624,
)
GPT_OSS_120B = new_shape(
    model_type="gpt_oss",
    num_hidden_layers=36,
    hidden_size=2880,
    intermediate_size=2880,
    num_attention_heads=64,
    num_key_value_heads=8,
    head_dim=64,
    vocab_size=201088,
    max_position_embeddings=131072,
    tie_word_embeddings=False,
    sliding_window=128,
    layer_types=("sliding", "full") * 18,
    num_experts=128,
    num_experts_per_token=4,
    quant_method="mxfp4",
    total_parameters=116_829_156_672,
)


def estimated(shape: Architecture, spec: str, format_: str = "BF16", **request: Any) -> Estimated:
    description: WeightsDescription = weights("x/y", shape, format_)
    plan = make_plan(None, [description], machine(spec), PlanRequest(model="x/y", **request), FACTS)
    assert plan.chosen is not None, [item.reason for item in plan.rejected]
    return plan.chosen.estimated


@pytest.mark.parametrize(
    ("shape", "spec", "quantization", "measured"),
    [
        (QWEN3_8B, "h100-80gb", "FP8", 208),  # github.com/tgarg01/silybench-data, vLLM 0.30.0
        (QWEN3_4B, "rtx-4090", "BF16", 96),  # tenstorrent/tt-inference-server#394
        (QWEN3_30B, "a100-80gb-sxm", "BF16", 104),  # tenstorrent/tt-inference-server#340
        (GPT_OSS_120B, "h100-80gb", "MXFP4", 204),  # vllm-project/vllm#30738
    ],
)
def test_one_request_beside_published_runs(shape: Architecture, spec: str, quantization: str, measured: int) -> None:
    found = estimated(shape, spec, quantization, quantization=quantization)
    assert found.decode_tokens_per_second == pytest.approx(measured, rel=0.22)
    assert "not measured" in (found.basis or "")


def test_many_requests_beside_published_runs() -> None:
    """Qwen3-8B in FP8 on an H100: 52 requests of about 3,072 tokens each, 3,653 tokens/s together (as above)."""
    found = estimated(QWEN3_8B, "h100-80gb", "FP8", quantization="FP8", context_length=3072, max_concurrency=52)
    assert found.concurrency == 52
    assert found.concurrent_decode_tokens_per_second == pytest.approx(3653, rel=0.1)


def test_splitting_over_gpus_costs_communication_and_pcie_costs_more() -> None:
    alone = estimated(QWEN3_8B, "h100-80gb", context_length=8192).decode_tokens_per_second or 0
    split = estimated(QWEN3_8B, "4xh100-80gb", context_length=8192, tensor_parallel=4).decode_tokens_per_second or 0
    assert alone < split < 4 * alone
    slow = estimated(QWEN3_8B, "4xl40s", context_length=8192, tensor_parallel=4).decode_tokens_per_second or 0
    single = estimated(QWEN3_8B, "l40s", context_length=8192).decode_tokens_per_second or 0
    assert slow / single < 3


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert estimated(QWEN3_8B, "cpu:64gb") == Estimated()


@given(st.integers(1, 512), st.integers(1, 16), st.integers(1, 1024), st.integers(1, 1024))
def test_more_tokens_touch_more_experts_and_never_more_than_all(
    experts: int, per_token: int, tokens: int, more: int
) -> None:
    per_token = min(per_token, experts)
    few, many = touched(experts, per_token, tokens), touched(experts, per_token, tokens + more)
    assert per_token / experts - 1e-9 <= few <= many <= 1


def test_what_answers_with_numbers_only_reads() -> None:
    description = weights("x/y", llama(num_hidden_layers=24), task="embed")
    plan = make_plan(None, [description], machine("rtx-3060"), PlanRequest(model="x/y"), FACTS)
    assert plan.chosen is not None
    assert plan.chosen.estimated.decode_tokens_per_second is None
    assert plan.chosen.estimated.prefill_tokens_per_second
