"""Where the usual share of a GPU holds too little: a KV cache in FP8, more of the GPU, and only then."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import FACTS, QWEN3_32B, llama, machine, weights

from modelscan.dataclasses import replace
from modelscan.model import Candidate, Plan, PlanRequest
from modelscan.planning.decide.planner import make_plan

_AWQ = {"quant_method": "awq", "quant_bits": 4, "quant_group_size": 128}
AWQ_32B = weights("Qwen/Qwen3-32B-AWQ", replace(QWEN3_32B, **_AWQ), "INT4", format="awq")  # type: ignore[arg-type]


def plan(spec: str, option: object = AWQ_32B, **asked: object) -> Plan:
    return make_plan(None, [option], machine(spec), PlanRequest(model="x/y", **asked), FACTS)  # type: ignore[arg-type,list-item]


def taken(spec: str, **asked: object) -> Candidate:
    chosen = plan(spec, **asked).chosen
    assert chosen is not None
    return chosen


def test_32b_in_four_bits_on_24_gb_gets_a_useful_context() -> None:
    chosen = taken("rtx-4090")
    assert (chosen.max_model_len, chosen.gpu_memory_utilization, chosen.kv_cache_dtype) == (16384, 0.92, "fp8")


def test_a_context_that_was_asked_for_is_held_in_fp8_where_16_bit_does_not() -> None:
    chosen = taken("rtx-4090", context_length=16384)
    assert (chosen.max_model_len, chosen.kv_cache_dtype) == (16384, "fp8")
    assert chosen.argv[chosen.argv.index("--kv-cache-dtype") + 1] == "fp8"
    assert any(reason.startswith("KV cache: fp8") for reason in chosen.reasons)
    assert taken("rtx-3090", context_length=16384).kv_cache_dtype == "fp8"  # by FlashInfer on Ampere
    assert taken("rtx-3090").kv_cache_dtype is None  # one kernel alone is not relied on where nobody asks
    sliding = replace(QWEN3_32B, **_AWQ, sliding_window=4096)  # type: ignore[arg-type]
    assert not plan("rtx-3090", weights("x/y", sliding, "INT4", format="awq"), context_length=16384).feasible
    assert not plan("rtx-4090", context_length=16384, kv_cache_dtype="auto").feasible  # fixed, so never altered


def test_what_the_user_fixed_of_the_memory_is_not_stretched() -> None:
    assert taken("rtx-4090", gpu_memory_utilization=0.93).gpu_memory_utilization == 0.93
    tight = plan("rtx-4090", gpu_memory_utilization=0.9, kv_cache_dtype="auto", context_length=8192)
    assert not tight.feasible


@given(
    st.sampled_from(["rtx-3060", "rtx-4090", "l4", "2xl40s", "h100-80gb", "mi300x", "t4"]),
    st.integers(2, 80),
    st.sampled_from(["standard", "throughput", "latency"]),
)
def test_nothing_is_tightened_that_holds_enough_as_usual(spec: str, layers: int, mode: str) -> None:
    option = weights("x/y", llama(num_hidden_layers=layers, total_parameters=None))
    chosen = plan(spec, option, mode=mode).chosen
    if chosen is None or ((chosen.gpu_memory_utilization or 0) <= 0.92 and chosen.kv_cache_dtype is None):
        return
    eased = plan(spec, option, mode=mode, gpu_memory_utilization=0.92, kv_cache_dtype="auto")
    assert eased.chosen is None or (eased.chosen.max_model_len or 0) < 32768
