"""How many requests at once, the KV cache that these can use, and what stays free."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import DEMO, FACTS, llama, machine, new_shape, weights

from modelscan.backends.vllm.estimates import vllm_blocks
from modelscan.dataclasses import replace
from modelscan.model import Candidate, Plan, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.telling.explain import explain
from modelscan.units import GIB

# Qwen3.6-27B: three of four layers keep a state.
QWEN36_27B = new_shape(
    model_type="qwen3_5",
    num_hidden_layers=64,
    hidden_size=5120,
    intermediate_size=17408,
    num_attention_heads=24,
    num_key_value_heads=4,
    head_dim=256,
    vocab_size=248320,
    max_position_embeddings=262144,
    tie_word_embeddings=False,
    layer_types=("linear", "linear", "linear", "full") * 16,
    quant_method="fp8",
    quant_bits=8,
    details={
        "linear_num_value_heads": 48,
        "linear_num_key_heads": 16,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
    },
)
HYBRID = weights("Qwen/Qwen3.6-27B-FP8", QWEN36_27B, "FP8")
SMALL = weights("demo", DEMO)
EMBEDDER = weights("x/embed", llama(num_hidden_layers=28, hidden_size=1024, total_parameters=None), task="embed")


def plan(option: WeightsDescription, spec: str, **asked: object) -> Plan:
    return make_plan(None, [option], machine(spec), PlanRequest(model="x/y", **asked), FACTS)  # type: ignore[arg-type]


def taken(option: WeightsDescription, spec: str, **asked: object) -> Candidate:
    found = plan(option, spec, **asked)
    assert found.chosen is not None, [item.reason for item in found.rejected]
    return found.chosen


def blocks_at_least(chosen: Candidate) -> int:
    number = 1.0 if chosen.kv_cache_dtype == "fp8" else 2.0
    layout = vllm_blocks(
        QWEN36_27B,
        tensor_parallel=chosen.tensor_parallel,
        pipeline_parallel=chosen.pipeline_parallel,
        number=number,
    )
    assert layout is not None
    return chosen.memory_per_gpu.kv_cache_low_bytes // layout.block_bytes


@pytest.mark.parametrize("spec", ["rtx-5090", "2xrtx-4090", "2xrtx-3090", "l40s", "h100-80gb", "4xl4"])
@pytest.mark.parametrize("mode", ["standard", "throughput", "latency"])
def test_no_more_requests_than_the_cache_has_blocks_for_their_states(spec: str, mode: str) -> None:
    """vLLM 0.33 ends such a start: config/compilation.py."""
    found = plan(HYBRID, spec, mode=mode)
    for chosen in (found.chosen, *found.alternatives):
        if chosen is not None and not chosen.enforce_eager and chosen.backend == "vllm":
            assert 0 < (chosen.max_num_seqs or 0) <= blocks_at_least(chosen)


def test_the_plan_says_why_it_takes_fewer() -> None:
    chosen = taken(HYBRID, "l40s", mode="throughput")
    assert (chosen.max_num_seqs or 0) < 512
    assert (chosen.max_num_seqs or 0) % 8 == 0
    assert any(
        reason.startswith(f"concurrency: {chosen.max_num_seqs} requests at once, because") for reason in chosen.reasons
    )


def test_a_fixed_number_is_refused_with_the_one_that_would_do() -> None:
    """vllm-project/recipes#551: 1024 sequences for 856 blocks on an H100 at 0.95 ended the start; 512 started."""
    asked = {"gpu_memory_utilization": 0.95, "quantization": "FP8"}
    refused = plan(HYBRID, "h100-80gb", max_concurrency=1024, **asked)
    [rejection] = [item for item in refused.rejected if item.code == "concurrency"]
    assert not refused.feasible
    assert "and with so many the KV cache holds at least 830; --enforce-eager captures none" in rejection.reason
    [hint] = [item for item in refused.hints if item.startswith("fewer concurrent requests: ")]
    most = int(hint.partition("--max-concurrency ")[2].split()[0])
    assert 800 <= most <= 856
    assert taken(HYBRID, "h100-80gb", max_concurrency=most, **asked).max_num_seqs == most
    assert not plan(HYBRID, "h100-80gb", max_concurrency=most + 8, **asked).feasible
    assert taken(HYBRID, "h100-80gb", max_concurrency=512, **asked).max_num_seqs == 512
    assert taken(HYBRID, "h100-80gb", max_concurrency=1024, enforce_eager=True, **asked).enforce_eager


def test_a_small_model_leaves_the_rest_of_the_gpu_free() -> None:
    found = plan(SMALL, "rtx-4090")
    assert found.chosen is not None
    assert (found.chosen.max_num_seqs, found.chosen.gpu_memory_utilization) == (64, 0.03)
    text = "\n".join(explain(found, [SMALL]))
    memory = found.chosen.memory_per_gpu
    assert (memory.available_bytes or 0) < GIB
    assert "rounded up to a hundredth; 20.87 GiB stays free" in text
    assert "to give it that too: --gpu-memory-utilization 0.92, or --max-memory SIZE" in text


def test_what_the_user_gives_is_used() -> None:
    assert taken(SMALL, "rtx-4090", gpu_memory_utilization=0.5).gpu_memory_utilization == 0.5
    assert taken(SMALL, "rtx-4090", max_memory_bytes=8 * GIB).memory_per_gpu.available_bytes == pytest.approx(
        8 * GIB, rel=0.05
    )


@given(
    st.sampled_from(["rtx-3090", "rtx-4090", "l40s", "h100-80gb", "2xh100-80gb", "mi300x"]),
    st.integers(2, 40),
    st.sampled_from([2048, 8192, 32768]),
    st.integers(1, 64) | st.none(),
    st.sampled_from(["vllm", "sglang"]),
)
def test_the_cache_is_at_most_what_the_requests_can_use(
    spec: str, layers: int, limit: int, requests: int | None, backend: str
) -> None:
    option = weights("x/y", llama(num_hidden_layers=layers, max_position_embeddings=limit, total_parameters=None))
    chosen = plan(option, spec, max_concurrency=requests, backend=backend).chosen
    if chosen is None or not chosen.kv_cache_tokens:
        return
    memory = chosen.memory_per_gpu
    one = memory.kv_cache_bytes / (chosen.max_concurrency or 1)
    hundredth = 200 * GIB / 100
    assert memory.kv_cache_low_bytes <= (chosen.max_num_seqs or 0) * one * 1.01 + hundredth
    assert memory.total_high_bytes <= (memory.available_bytes or 0)


def test_an_embedding_model_holds_a_batch() -> None:
    """Each prompt gives its blocks back when it was read: one of full length, and those of the steps in flight."""
    chosen = taken(EMBEDDER, "rtx-4090", context_length=8192)
    one = 8192 * 28 * 2 * 8 * 128 * 2
    assert chosen.max_num_seqs == 256
    assert one < chosen.memory_per_gpu.kv_cache_low_bytes < 1.5 * one + GIB // 4
    longer = taken(replace(EMBEDDER, task="chat"), "rtx-4090", context_length=8192)
    assert longer.memory_per_gpu.kv_cache_low_bytes > 2 * chosen.memory_per_gpu.kv_cache_low_bytes
