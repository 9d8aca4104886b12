"""Pipelines of unequal stages: as the user says, or by the memory of unlike GPUs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan.dataclasses import replace
from modelscan.model import Hardware, Plan, PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.options.layouts import Layout
from modelscan.planning.options.stages import asked_stages, stages_problem, with_stages
from modelscan.units import GIB

# Qwen3-Coder-30B-A3B in FP8: 16 of its 48 layers are 9.7 GiB (vllm-project/vllm#34076).
CODER = weights(
    "Qwen/Qwen3-Coder-30B-A3B-Instruct-FP8",
    llama(
        model_type="qwen3_moe",
        num_hidden_layers=48,
        hidden_size=2048,
        intermediate_size=5472,
        num_attention_heads=32,
        num_key_value_heads=4,
        vocab_size=151936,
        max_position_embeddings=262144,
        num_experts=128,
        num_experts_per_token=8,
        moe_intermediate_size=768,
        quant_method="fp8",
        quant_bits=8,
        total_parameters=30_532_122_624,
    ),
    "FP8",
)


def unlike() -> Hardware:
    small, large = machine("rtx-5070-ti"), machine("rtx-5090")
    second = replace(large.devices[0], index=1)
    return replace(small, devices=(small.devices[0], second))


def plan(**asked: object) -> Plan:
    return make_plan(None, [CODER], unlike(), PlanRequest(model="x/y", **asked), FACTS)  # type: ignore[arg-type]


def test_stages_that_were_asked_for_are_counted() -> None:
    """vllm-project/vllm#34076: 16 and 32 layers start at 0.9, with 3.18 GiB of KV cache on the small card."""
    env = {"VLLM_PP_LAYER_PARTITION": "16,32"}
    found = plan(gpus=("0", "1"), pipeline_parallel=2, gpu_memory_utilization=0.9, env=env)
    assert found.chosen is not None, [item.reason for item in found.rejected]
    chosen, memory = found.chosen, found.chosen.memory_per_gpu
    assert (chosen.stage_layers, chosen.env["VLLM_PP_LAYER_PARTITION"]) == ((16, 32), "16,32")
    assert memory.weights_bytes == pytest.approx(9.8 * GIB, rel=0.03)
    assert memory.kv_cache_low_bytes < 3.18 * GIB < memory.kv_cache_high_bytes
    assert (chosen.max_model_len or 0) >= 32768
    assert "parallelism: a pipeline of 16, 32 layers, as asked" in chosen.reasons


def test_equal_stages_do_not_fit_the_small_card() -> None:
    even = {"VLLM_PP_LAYER_PARTITION": "24,24"}
    found = plan(gpus=("0", "1"), pipeline_parallel=2, gpu_memory_utilization=0.9, env=even)
    assert not found.feasible


def test_unlike_gpus_that_hold_too_little_alone_form_a_pipeline_by_their_memory() -> None:
    found = plan(quantization="FP8")
    assert found.chosen is not None
    chosen = found.chosen
    assert (chosen.gpu_indices, chosen.pipeline_parallel, chosen.tensor_parallel) == ((0, 1), 2, 1)
    assert chosen.stage_layers == (16, 32)
    assert chosen.env["VLLM_PP_LAYER_PARTITION"] == "16,32"
    assert {len(item.gpu_indices) for item in found.rejected} == {1}


def test_unlike_gpus_are_left_apart_where_one_is_enough() -> None:
    small = weights("x/y", llama())
    found = make_plan(None, [small], unlike(), PlanRequest(model="x/y"), FACTS)
    assert found.chosen is not None
    assert (found.chosen.gpu_indices, found.chosen.stage_layers) == ((1,), ())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("16,33", "`16,33` adds up to 49 layers, and the model has 48"),
        ("16,16,16", "`16,16,16` names 3 stages, and the pipeline has 2"),
        ("many", "`many` is no list of layers per stage: write it like 16,32"),
        ("0,48", "`0,48` is no list of layers per stage: write it like 16,32"),
    ],
)
def test_what_a_backend_would_end_is_refused(text: str, why: str) -> None:
    assert stages_problem(text, 48, 2) == why
    found = plan(gpus=("0", "1"), pipeline_parallel=2, env={"VLLM_PP_LAYER_PARTITION": text})
    assert why in {item.reason for item in found.rejected}


@given(st.integers(2, 120), st.lists(st.integers(4, 141), min_size=2, max_size=6))
def test_stages_add_up_and_follow_the_memory(layers: int, sizes: list[int]) -> None:
    gpus = tuple(
        replace(machine("l4").devices[0], index=at, memory_total_bytes=size * GIB) for at, size in enumerate(sizes)
    )
    whole = [Layout(gpus=gpus, pipeline_parallel=len(gpus))]
    [layout] = with_stages(whole, llama(num_hidden_layers=layers), None, lambda gpu: gpu.memory_total_bytes)
    if layout.stages:
        assert sum(layout.stages) == layers
        assert all(layout.stages)
        assert asked_stages(",".join(map(str, layout.stages))) == layout.stages
        order = sorted(range(len(sizes)), key=lambda at: sizes[at])
        assert layout.stages[order[-1]] >= layout.stages[order[0]]
