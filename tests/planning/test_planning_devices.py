"""What a machine allows: old and mixed GPUs, memory that others hold, shares that the user fixed."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import DEEPSEEK_R1, FACTS, QWEN3_32B, llama, machine, new_shape, weights

from modelscan.dataclasses import replace
from modelscan.model import Candidate, Hardware, Plan, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.units import GIB

LLAMA_8B = weights("meta-llama/Llama-3.1-8B-Instruct", llama())
SMALL = weights(
    "Qwen/Qwen3-0.6B",
    llama(
        num_hidden_layers=28, hidden_size=1024, intermediate_size=3072, num_attention_heads=16, total_parameters=None
    ),
)
ENCODER = weights(
    "BAAI/bge-m3",
    new_shape(
        model_type="xlm-roberta",
        num_hidden_layers=24,
        hidden_size=1024,
        intermediate_size=4096,
        num_attention_heads=16,
        vocab_size=250002,
        max_position_embeddings=8194,
        tie_word_embeddings=True,
    ),
    "FP32",
    task="embed",
)


def machine_of(*specs: str) -> Hardware:
    """One machine with the GPUs of several descriptions."""
    gpus = [gpu for spec in specs for gpu in machine(spec).devices]
    return Hardware(devices=tuple(replace(gpu, index=index) for index, gpu in enumerate(gpus)))


def busy(spec: str, free: int) -> Hardware:
    idle = machine(spec)
    return replace(idle, devices=tuple(replace(gpu, memory_free_bytes=free) for gpu in idle.devices))


def planned(option: WeightsDescription, hardware: Hardware, **request: object) -> Plan:
    return make_plan(None, [option], hardware, PlanRequest(model="x/y", **request), FACTS)  # type: ignore[arg-type]


def chosen(option: WeightsDescription, hardware: Hardware, **request: object) -> Candidate:
    plan = planned(option, hardware, **request)
    assert plan.chosen is not None, [item.reason for item in plan.rejected]
    return plan.chosen


def codes(option: WeightsDescription, hardware: Hardware, **request: object) -> set[str]:
    plan = planned(option, hardware, **request)
    assert not plan.feasible
    assert plan.hints or plan.rejected
    return {item.code for item in plan.rejected}


def test_a_gpu_without_bfloat16_computes_in_float16() -> None:
    plan = chosen(SMALL, machine("t4"))
    assert (plan.quantization, plan.dtype) == ("FP16", "float16")


def test_bfloat16_is_refused_there_and_not_replaced() -> None:
    assert codes(SMALL, machine("t4"), quantization="BF16") == {"no_kernel"}


def test_an_old_gpu_beside_a_good_one_is_passed_over() -> None:
    assert chosen(LLAMA_8B, machine_of("v100-32gb", "rtx-4090")).gpu_indices == (1,)


def test_each_kind_of_gpu_is_judged_by_its_own_formats() -> None:
    plan = chosen(LLAMA_8B, machine_of("rtx-3090", "rtx-4090"))
    assert (plan.quantization, plan.gpu_indices) == ("FP8", (1,))


def test_gpus_of_different_kinds_work_together_where_they_are_named() -> None:
    plan = chosen(LLAMA_8B, machine_of("rtx-3090", "rtx-4090"), gpus=("0", "1"))
    assert (plan.quantization, plan.gpu_indices, plan.tensor_parallel) == ("BF16", (0, 1), 2)


def test_room_is_left_for_what_comes_before_the_backend_looks() -> None:
    plan = chosen(SMALL, busy("rtx-4090", 12 * GIB))
    usable = machine("rtx-4090").devices[0].memory_usable_bytes or 0
    assert plan.gpu_memory_utilization == 0.47
    assert plan.gpu_memory_utilization * usable + 0.5 * GIB < 12 * GIB


def test_a_share_that_the_user_fixed_is_kept_to_the_last_digit() -> None:
    assert chosen(SMALL, machine("rtx-4090"), gpu_memory_utilization=0.955).gpu_memory_utilization == 0.955


def test_a_share_that_is_not_free_is_refused() -> None:
    plan = planned(SMALL, busy("rtx-4090", 12 * GIB), gpu_memory_utilization=0.9)
    rejection = plan.rejected[0]
    assert (rejection.code, rejection.reason) == (
        "memory_taken",
        "a share of 0.90 was requested, 21.10 GiB of the GPU's 23.45 GiB, but only 12.00 GiB is free",
    )
    assert plan.hints == ("let the plan choose the share from what is free: modelscan plan x/y",)


def test_sglang_is_told_the_share_of_weights_and_kv_cache_only() -> None:
    vllm, sglang = (chosen(LLAMA_8B, machine("h100-80gb"), backend=name) for name in ("vllm", "sglang"))
    memory = sglang.memory_per_gpu
    free = machine("h100-80gb").devices[0].memory_free_bytes or 0
    assert vllm.gpu_memory_utilization == 0.92
    assert (
        sglang.gpu_memory_utilization == math.floor((memory.weights_bytes + memory.kv_cache_bytes) / free * 1000) / 1000
    )
    assert f"--mem-fraction-static {sglang.gpu_memory_utilization}" in " ".join(sglang.argv)


def test_an_encoder_takes_no_more_than_it_needs() -> None:
    plan = chosen(ENCODER, machine("rtx-4090"))
    assert plan.max_model_len == 8192
    assert plan.gpu_memory_utilization is not None
    assert plan.gpu_memory_utilization < 0.3
    assert plan.memory_per_gpu.kv_cache_bytes == 0
    assert "--max-model-len" not in plan.argv


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, ("FP32", "float32")),
        ({"dtype": "bfloat16"}, ("BF16", "bfloat16")),
        ({"quantization": "BF16"}, ("BF16", "bfloat16")),
        ({"quantization": "FP16"}, ("FP16", "float16")),
    ],
)
def test_types_on_the_cpu(request_: dict[str, object], expected: tuple[str, str]) -> None:
    plan = chosen(SMALL, machine("cpu:24gb"), **request_)
    assert (plan.quantization, plan.dtype) == expected


def test_float32_on_a_gpu_doubles_the_weights() -> None:
    wide, usual = (chosen(SMALL, machine("rtx-4090"), dtype=dtype) for dtype in ("float32", None))
    assert (wide.quantization, usual.quantization) == ("FP32", "BF16")
    assert wide.memory_per_gpu.weights_bytes > 1.9 * usual.memory_per_gpu.weights_bytes


def test_large_files_are_quantized_while_loading_only_where_nothing_else_fits() -> None:
    large = weights("x/27b", replace(QWEN3_32B, num_hidden_layers=52, total_parameters=27_000_000_000))
    assert chosen(large, machine("h100-80gb")).quantization == "BF16"
    assert chosen(large, machine("2xrtx-4090")).quantization == "FP8"


@pytest.mark.parametrize(("quantization", "format_"), [("INT4", "bitsandbytes"), ("Q4_K_M", "gguf")])
def test_formats_that_vllm_has_only_by_a_plugin(quantization: str, format_: str) -> None:
    option = weights("x/y", llama(), quantization, format=format_)
    assert codes(option, machine("rtx-4090"), backend="vllm") == {"no_kernel"}


def test_sglang_runs_bitsandbytes() -> None:
    option = weights("x/y", llama(), "INT4", format="bitsandbytes")
    assert chosen(option, machine("rtx-4090"), backend="sglang").quantization == "INT4"


@given(
    st.lists(st.sampled_from(["v100-32gb", "t4", "rtx-3090", "rtx-4090", "mi300x"]), min_size=1, max_size=3), st.data()
)
def test_adding_any_gpu_never_turns_a_fit_into_a_refusal(specs: list[str], data: st.DataObject) -> None:
    more = data.draw(st.sampled_from(["v100-32gb", "t4", "rtx-3090", "mi300x"]))
    before, after = (planned(LLAMA_8B, machine_of(*names)) for names in (specs, [*specs, more]))
    assert after.feasible or not before.feasible


def test_a_better_format_with_hardly_any_context_comes_after_one_with_enough() -> None:
    tight = weights("x/9b", llama(num_hidden_layers=44, total_parameters=None))
    plan = planned(tight, machine("rtx-3090"))
    assert plan.chosen is not None
    assert (plan.chosen.quantization, [item.quantization for item in plan.alternatives]) == ("FP8", ["BF16"])
    assert (plan.chosen.max_model_len or 0) >= 8192
    assert plan.alternatives[0].gpu_memory_utilization == 0.96  # BF16 would take nearly all for a useful context


def test_a_task_that_the_backend_does_not_serve() -> None:
    plan = planned(weights("x/flux", llama(), task="text-to-image"), machine("h100-80gb"), backend="vllm")
    assert next((item.code, item.reason) for item in plan.rejected) == (
        "task_not_served",
        "vllm does not serve text-to-image models",
    )


@pytest.mark.parametrize(
    ("spec", "request_", "reason"),
    [
        ("rtx-4090", {}, "vllm, which runs on the widest range of hardware and formats"),
        ("rtx-4090", {"backend": "sglang"}, "sglang, as asked"),
        (
            "t4",
            {"mode": "throughput"},
            "vllm, which runs on the widest range of hardware and formats; sglang has no build for this device",
        ),
        (
            "rtx-4090",
            {"mode": "throughput"},
            (
                "vllm, which runs on the widest range of hardware and formats; for models without latent attention "
                "sglang's throughput is within a few percent"
            ),
        ),
    ],
)
def test_the_backend_comes_with_its_reason(spec: str, request_: dict[str, object], reason: str) -> None:
    assert f"backend: {reason}" in chosen(SMALL, machine(spec), **request_).reasons


def test_code_in_the_repo_is_said_and_not_run() -> None:
    plan = chosen(replace(SMALL, code_files=("modeling_x.py",)), machine("rtx-4090"))
    assert "--trust-remote-code" not in plan.argv
    assert any("remote code" in reason for reason in plan.reasons)


def test_families_that_float16_does_not_suit() -> None:
    gemma = llama(model_type="gemma3_text", num_hidden_layers=8, total_parameters=None)
    small = chosen(weights("x/gemma", gemma), machine("t4"))
    assert (small.quantization, small.dtype) == ("FP32", "float32")
    assert "quantization: float32: not stable in float16, and Tesla T4 (7.5) has no bfloat16" in small.reasons
    refused = planned(weights("x/gemma-awq", gemma, "INT4", format="awq"), machine("t4"))
    assert {rejection.reason for rejection in refused.rejected} == {
        "vllm refuses gemma3_text in float16, where it is not stable, and Tesla T4 (7.5) has no bfloat16"
    }
    asked = planned(weights("x/gemma", gemma), machine("l4"), dtype="float16")
    assert {rejection.reason for rejection in asked.rejected} == {
        "vllm refuses gemma3_text in float16, where it is not stable"
    }


@pytest.mark.parametrize(
    ("spec", "runs"), [("8xa100-80gb", False), ("8xl40s", False), ("8xh200-141gb", True), ("8xmi300x", True)]
)
def test_sparse_attention_runs_where_it_has_kernels(spec: str, runs: bool) -> None:
    sparse = replace(DEEPSEEK_R1, details={"index_head_dim": 128})
    plan = planned(weights("x/v32", sparse, "FP8"), machine(spec))
    assert plan.feasible is runs
    assert runs or "no_kernel" in {rejection.code for rejection in plan.rejected}


def test_another_packing_of_what_was_released_does_not_come_before_it() -> None:
    """Of the other the padding is not known: it seems to need less."""
    shape = llama(
        num_experts=128,
        num_experts_per_token=4,
        hidden_size=2880,
        intermediate_size=2880,
        num_attention_heads=64,
        head_dim=64,
        num_hidden_layers=36,
        vocab_size=201088,
        quant_method="mxfp4",
        total_parameters=None,
    )
    options = [
        weights("lab/oss", shape, "MXFP4"),
        weights("maker/oss", replace(shape, quant_method=None), "MXFP4", official=False),
    ]
    plan = make_plan(None, options, machine("2xa100-40gb"), PlanRequest(model="x/y"), FACTS)
    assert plan.chosen is not None
    assert plan.chosen.repo_id == "lab/oss"


def test_a_model_whose_limit_is_not_known_is_placed_on_one_gpu() -> None:
    found = chosen(weights("x/mamba", llama(max_position_embeddings=None)), machine("8xh100-80gb"))
    assert (len(found.gpu_indices), found.max_model_len) == (1, 4096)


def test_a_driver_that_is_too_old_is_named_with_the_one_that_is_needed() -> None:
    here = replace(machine("h100-80gb"), driver_version="550.90.07", cuda_version="12.4", cpu=machine("cpu:64gb").cpu)
    plan = planned(weights("x/y", llama()), here)
    assert {rejection.reason for rejection in plan.rejected} == {
        "vllm 0.33.0 needs a driver for CUDA 13, 580.65.06 or newer; the installed one, 550.90.07, is for 12.4"
    }
    assert plan.hints == (
        "install a newer driver, then check it: modelscan gpu",
        "meanwhile on the CPU: modelscan plan x/y --gpu none",
    )
