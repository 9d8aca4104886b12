"""A useful context before idle GPUs, the longest that works, and bounds whose errors are independent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import FACTS, QWEN3_32B, llama, machine, weights
from tests.planning.test_planning_concurrency import QWEN36_27B

from modelscan.model import Candidate, Plan, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.memory.activations import activation_bytes
from modelscan.planning.memory.footprint import independent
from modelscan.planning.options.context import choose_length, shortfall
from modelscan.units import GIB
from modelscan.weights.counting.sizes import Sized

LLAMA_8B = weights("meta-llama/Llama-3.1-8B-Instruct", llama())
QWEN_32B = weights("Qwen/Qwen3-32B", QWEN3_32B)


def plan(option: WeightsDescription | list[WeightsDescription], spec: str, **asked: object) -> Plan:
    options = option if isinstance(option, list) else [option]
    return make_plan(None, options, machine(spec), PlanRequest(model="x/y", **asked), FACTS)  # type: ignore[arg-type]


def taken(option: WeightsDescription, spec: str, **asked: object) -> Candidate:
    found = plan(option, spec, **asked)
    assert found.chosen is not None, [item.reason for item in found.rejected]
    return found.chosen


def test_more_gpus_are_taken_before_the_context_is_short() -> None:
    """gemma-3-27b and gpt-oss-120b got 8k and 16k on one of eight H100s."""
    one = taken(LLAMA_8B, "rtx-3090", quantization="BF16", context_length="max").max_model_len or 0
    assert one > 32768
    deep = weights("x/y", llama(num_hidden_layers=40, total_parameters=None))
    asked = {"quantization": "BF16", "kv_cache_dtype": "auto"}  # in FP8 the cache of one GPU is long enough
    assert (taken(deep, "rtx-3090", **asked).max_model_len or 0) < 32768
    chosen = taken(deep, "4xrtx-3090", **asked)
    assert (len(chosen.gpu_indices), chosen.tensor_parallel) == (2, 2)
    assert (chosen.max_model_len or 0) >= 32768


def test_three_gpus_are_a_pipeline_where_two_hold_too_little() -> None:
    deep = weights("x/y", llama(num_hidden_layers=60, total_parameters=None))
    chosen = taken(deep, "3xrtx-3060", quantization="BF16", context_length=4096)
    assert (len(chosen.gpu_indices), chosen.tensor_parallel, chosen.pipeline_parallel) == (3, 1, 3)


def test_the_kv_cache_goes_to_fp8_before_the_share_is_stretched() -> None:
    chosen = taken(QWEN_32B, "2xrtx-4090", quantization="FP8")
    assert (chosen.max_model_len, chosen.kv_cache_dtype) in {(32768, None), (32768, "fp8"), (40960, "fp8")}
    assert (chosen.gpu_memory_utilization or 0) <= 0.92


def test_max_is_the_longest_that_works_and_not_the_limit_or_nothing() -> None:
    chosen = taken(LLAMA_8B, "rtx-3090", quantization="BF16", context_length="max")
    assert 49152 <= (chosen.max_model_len or 0) < 131072
    assert any(reason.startswith("context:") and reason.endswith("the longest that works") for reason in chosen.reasons)
    longer = plan(LLAMA_8B, "rtx-3090", quantization="BF16", context_length=(chosen.max_model_len or 0) + 1024)
    assert not longer.feasible
    assert taken(LLAMA_8B, "rtx-3090", quantization="BF16", context_length=chosen.max_model_len).max_model_len


def test_a_hint_names_the_longest_that_passes() -> None:
    refused = plan(LLAMA_8B, "rtx-3090", quantization="BF16", context_length=131072)
    longest = taken(LLAMA_8B, "rtx-3090", quantization="BF16", context_length="max").max_model_len
    assert any(f"--context-length {longest}" in hint for hint in refused.hints)


def test_a_plan_says_what_the_next_gpu_brings() -> None:
    chosen = taken(LLAMA_8B, "2xrtx-3090", quantization="BF16")
    assert len(chosen.gpu_indices) == 1
    [longer] = [reason for reason in chosen.reasons if reason.startswith("longer: ")]
    length = int(longer.split()[1].replace(",", ""))
    assert taken(LLAMA_8B, "2xrtx-3090", quantization="BF16", gpu_count=2).max_model_len == length
    found = taken(LLAMA_8B, "2xrtx-3090", quantization="BF16", context_length="max")
    [context] = [reason for reason in chosen.reasons if reason.startswith("context: ")]
    assert context.endswith(f"; up to {found.max_model_len:,} on 2 GPUs with --context-length max")


@given(
    st.lists(st.integers(0, 1 << 40), min_size=3, max_size=3), st.lists(st.integers(0, 1 << 40), min_size=3, max_size=3)
)
def test_independent_errors_add_to_less_than_their_sum_and_more_than_the_largest(
    one: list[int], two: list[int]
) -> None:
    parts = [Sized(*sorted(values)) for values in (one, two)]  # type: ignore[arg-type]
    total = independent(parts)
    highest = max(part.high - part.estimate for part in parts)
    assert total.estimate == sum(part.estimate for part in parts)
    assert total.estimate + highest <= total.high <= sum(part.high for part in parts) + 1
    assert total.low <= total.estimate


@given(st.integers(1, 1 << 20), st.integers(1, 1 << 20))
def test_a_shortfall_counts_doublings(length: int, enough: int) -> None:
    count = shortfall(length, enough)
    assert length * 2**count >= enough
    assert count == 0 or length * 2 ** (count - 1) < enough


def test_lengths_beyond_what_is_enough_must_hold_two_requests() -> None:
    lengths = [65536, 32768, 16384]
    chosen = [
        choose_length(lengths, pool, 32768, lambda length: length) for pool in (16383, 16384, 40000, 131071, 131072)
    ]
    assert chosen == [None, 16384, 32768, 32768, 65536]


def test_a_longer_context_that_costs_no_request_is_taken() -> None:
    """DeepSeek-V4 on two H20: a request is mostly tokens in flight, 32k held 1.7 of them and 1M still 1.1."""
    lengths = [1048576, 131072, 32768, 16384]
    assert choose_length(lengths, 10_000_000, 32768, lambda length: 6_000_000 + 3 * length) == 1048576
    assert choose_length(lengths, 15_000_000, 32768, lambda length: 6_000_000 + 3 * length) == 131072


@given(st.integers(1, 1 << 22), st.integers(0, 1 << 22), st.integers(1, 8))
def test_more_memory_holds_more_requests_or_a_longer_one(pool: int, start: int, each: int) -> None:
    """Of the two requests that a plan makes room for first, and then of length, more memory never brings less."""
    lengths, enough = [131072, 65536, 40960, 32768, 16384, 1024], 32768

    def size(length: int) -> int:
        return start + each * length

    def reached(room: int) -> tuple[int, int]:
        length = choose_length(lengths, room, enough, size)
        return (0, 0) if length is None else (min(room // size(max(min(length, enough), enough)), 2), length)

    assert reached(pool) <= reached(pool + pool // 8)


def test_a_tower_is_run_for_the_largest_picture() -> None:
    """35B-A3B over two RTX 3090: 1.1 GiB too much was left for the KV cache while only a step of 2,048 tokens was counted."""
    sizes = {"vision_width": 1152, "vision_mlp": 4304}
    seeing = QWEN36_27B.__class__(
        **{name: getattr(QWEN36_27B, name) for name in QWEN36_27B.__slots__} | {"sizes": sizes}
    )
    blind, small, large = (
        activation_bytes(shape, tokens=tokens, sequences=1, tensor_parallel=2).estimate
        for shape, tokens in ((QWEN36_27B, 2048), (seeing, 2048), (seeing, 8192))
    )
    assert blind < GIB // 3
    assert small == pytest.approx(1.09 * GIB, rel=0.01)
    assert large == small


def test_one_more_gpu_is_offered_where_it_is_enough() -> None:
    deep = weights("x/y", llama(num_hidden_layers=60, total_parameters=None))
    refused = plan(deep, "2xrtx-3060", quantization="BF16", context_length=4096)
    assert not refused.feasible
    [more] = [hint for hint in refused.hints if hint.startswith("more of these GPUs: ")]
    assert more.endswith("--hardware 3xrtx-3060-12gb")
