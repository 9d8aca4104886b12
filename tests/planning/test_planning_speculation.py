"""Speculation that the user asks for is in the arithmetic: layers that draft, their cache, states, graphs, sampling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import FACTS, llama, machine, new_shape, weights

from modelscan.backends.vllm.estimates import vllm_blocks, vllm_steps
from modelscan.dataclasses import replace
from modelscan.errors import Usage
from modelscan.hubs.families import shipped_families
from modelscan.model import Candidate, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.storage.shipped import shipped_text
from modelscan.units import GIB
from modelscan.weights.counting.drafting import drafting_bytes, with_drafting
from modelscan.weights.reading.shipped import describe_shipped


def shipped(repo: str) -> WeightsDescription:
    found = describe_shipped(repo, "huggingface", shipped_text("architectures.json"), shipped_families())
    assert found is not None
    return replace(found, verified=True)


FP8 = shipped("Qwen/Qwen3.6-27B-FP8")
assert FP8.architecture is not None
DRAFTS = FP8.architecture
MTP = '--speculative-config={"method":"mtp","num_speculative_tokens":3}'
NEXTN = ("--speculative-algorithm=NEXTN", "--speculative-num-steps=3")
SERVED = {
    "tensor_parallel": 2,
    "context_length": 262144,
    "max_concurrency": 2,
    "kv_cache_dtype": "fp8",
    "gpu_memory_utilization": 0.92,
}


def chosen(option: WeightsDescription, spec: str, *arguments: str, **asked: object) -> Candidate:
    request = PlanRequest(model="x/y", backend_args=arguments, **asked)  # type: ignore[arg-type]
    plan = make_plan(None, [option], machine(spec), request, FACTS)
    assert plan.chosen is not None, [item.reason for item in plan.rejected]
    return plan.chosen


def test_a_pool_beside_drafting_layers_is_what_a_start_printed() -> None:
    """Two RTX 3090, FP8 weights and cache, two slots, three drafts: 295,000 tokens (noonghunna/club-3090,
    scripts/lib/profiles/registry.yaml, vllm/dual-max).
    """
    drafting, plain = chosen(FP8, "2xrtx-3090", MTP, **SERVED), chosen(FP8, "2xrtx-3090", **SERVED)
    assert drafting.kv_cache_tokens == pytest.approx(295_000, rel=0.08)
    assert (plain.kv_cache_tokens or 0) > 1.2 * 295_000
    assert drafting.speculative == {"method": "mtp", "num_speculative_tokens": 3}
    assert plain.speculative is None


def test_the_plan_says_what_drafting_takes_and_its_arithmetic_adds_up() -> None:
    found = chosen(FP8, "2xrtx-3090", MTP, **SERVED)
    (reason,) = (line for line in found.reasons if line.startswith("speculation: "))
    assert reason == (
        "speculation: mtp, 3 tokens a step, as asked; the layers that draft take 277.55 MiB of each device and a KV "
        "cache of their own; the estimated speeds are without it"
    )
    assert sum(line.estimate_bytes for line in found.arithmetic) == found.memory_per_gpu.total_bytes
    assert [line.what for line in found.arithmetic].count("drafting") == 1


@pytest.mark.parametrize("argument", [MTP, MTP.replace('"mtp"', '"qwen3_5_mtp"')])
def test_a_layer_that_drafts_is_one_more_of_full_attention(argument: str) -> None:
    """17 layers that attend and 48 with a state: three groups of 17 for these, the last of them padded."""
    blocks = vllm_blocks(with_drafting(DRAFTS), tensor_parallel=2, number=1.0, drafted=3)
    assert blocks is not None
    assert {group.kind: group.count for group in blocks.groups} == {"linear": 3, "full": 1}
    assert blocks.states == 5  # the running one, that at the last block's border, one before each draft
    assert chosen(FP8, "2xrtx-3090", argument, **SERVED).speculative is not None


def test_drafts_widen_the_batch_sizes_that_have_graphs_and_the_sampling() -> None:
    """Two slots and three drafts: 1, 2, 4, 8 and 16 in a published log, and none of a whole step."""
    steps = vllm_steps(24 * GIB, sequences=2, drafted=3)
    assert (steps.captured, steps.whole, steps.sequences) == (5, 0, 4)


@pytest.mark.parametrize(
    ("quantization", "kept", "gib"),
    [("FP8", (), 0.54), ("FP8", ("mtp.layers.0",), 0.89), ("INT4", (), 0.89), ("BF16", (), 0.89)],
)
def test_makers_of_four_bit_weights_leave_them_in_sixteen(quantization: str, kept: tuple[str, ...], gib: float) -> None:
    option = weights("x/y", replace(DRAFTS, unquantized_modules=kept, quant_method=None), quantization)
    size = drafting_bytes(option, quantization)
    assert size.estimate / GIB == pytest.approx(gib, abs=0.1)
    assert size.low <= size.estimate <= size.high


def test_drafting_without_layers_takes_no_weights() -> None:
    asked = {"context_length": 32768, "max_concurrency": 4}
    prompt = chosen(weights("x/llama", llama()), "rtx-4090", '--speculative-config={"method":"ngram"}', **asked)
    plain = chosen(weights("x/llama", llama()), "rtx-4090", **asked)
    assert prompt.memory_per_gpu.weights_bytes == plain.memory_per_gpu.weights_bytes
    assert prompt.speculative == {"method": "ngram", "num_speculative_tokens": 1}


def test_a_model_without_such_layers_is_warned_of() -> None:
    found = chosen(weights("x/llama", llama()), "rtx-4090", MTP)
    assert any("names no such layers, and vllm may refuse to start" in reason for reason in found.reasons)


def test_sglang_counts_them_too() -> None:
    option = weights("x/glm", new_shape(**_GLM), "BF16")
    asked = {"backend": "sglang", "context_length": 8192, "max_concurrency": 4}
    drafting, plain = chosen(option, "8xh100-80gb", *NEXTN, **asked), chosen(option, "8xh100-80gb", **asked)
    assert drafting.memory_per_gpu.weights_bytes > plain.memory_per_gpu.weights_bytes
    assert drafting.speculative == {"method": "NEXTN", "num_speculative_tokens": 3}


_GLM = {
    "model_type": "glm4_moe",
    "num_hidden_layers": 46,
    "hidden_size": 4096,
    "intermediate_size": 10944,
    "num_attention_heads": 96,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151552,
    "max_position_embeddings": 131072,
    "tie_word_embeddings": False,
    "num_experts": 128,
    "num_experts_per_token": 8,
    "moe_intermediate_size": 1408,
    "num_shared_experts": 1,
    "first_dense_layers": 1,
    "sizes": {"speculative_layers": 1},
}


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--speculative-config={mtp", "`{mtp` is no setting for --speculative-config"),
        ("--speculative-config=[1]", "`[1]` is no setting for --speculative-config"),
        (
            '--speculative-config={"method":"mtp","num_speculative_tokens":900}',
            "`num_speculative_tokens` of --speculative-config is 900",
        ),
        (
            "--speculative-config.num_speculative_tokens=many",
            "`num_speculative_tokens` of --speculative-config is 'many'",
        ),
    ],
)
def test_a_setting_that_cannot_be_read_is_refused(argument: str, message: str) -> None:
    with pytest.raises(Usage) as refused:
        chosen(FP8, "2xrtx-3090", argument)
    assert refused.value.message == message


@given(tokens=st.integers(1, 16), context=st.sampled_from([4096, 32768, 262144]))
def test_more_drafts_never_take_less(tokens: int, context: int) -> None:
    shape = with_drafting(DRAFTS)
    fewer, more = (vllm_blocks(shape, number=2.0, drafted=count) for count in (tokens - 1, tokens))
    assert fewer is not None
    assert more is not None
    assert fewer.request_bytes(context, 4096) <= more.request_bytes(context, 4096)


def test_graphs_of_whole_steps_count_where_layers_keep_a_state() -> None:
    """The cards of 96 GB that had 939 blocks left for 1,024 requests (vllm-project/recipes#831)."""
    request = PlanRequest(
        model="x/y", context_length=262144, max_concurrency=1024, gpu_memory_utilization=0.92, backend="vllm"
    )
    refused = make_plan(None, [FP8], machine("rtx-pro-6000"), request, FACTS)
    assert not refused.feasible
    assert "1024 concurrent requests need as many blocks for their states" in refused.rejected[0].reason
