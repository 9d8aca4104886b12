"""Which weights on which machine, and why that is right."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot
from tests.planning.machines import (
    DEEPSEEK_CODER,
    DEEPSEEK_R1,
    DEMO,
    FACTS,
    QWEN3_32B,
    llama,
    machine,
    model,
    new_shape,
    weights,
)

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import replace
from modelscan.errors import GpuNotFound
from modelscan.model import Plan, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.units import GIB

CODER = weights("deepseek-ai/deepseek-coder-6.7b-instruct", DEEPSEEK_CODER)
LLAMA_8B = weights("meta-llama/Llama-3.1-8B-Instruct", llama())
QWEN = weights("Qwen/Qwen3-32B", QWEN3_32B)
QWEN_FP8 = weights("Qwen/Qwen3-32B-FP8", replace(QWEN3_32B, quant_method="fp8"), "FP8")
QWEN_AWQ = weights("Qwen/Qwen3-32B-AWQ", replace(QWEN3_32B, quant_method="awq", quant_bits=4), "INT4", format="awq")
R1 = weights("deepseek-ai/DeepSeek-R1", DEEPSEEK_R1, "FP8")
TINY = weights("demo", DEMO, source="local_path", bytes_by_dtype={"BF16": 3_600_000}, size_bytes=3_600_000)


def plan_for(options: list[WeightsDescription], spec: str, **request: object) -> Plan:
    wanted = PlanRequest(model="m/m", **request)  # type: ignore[arg-type]
    return make_plan(model("m/m", *options), options, machine(spec), wanted, FACTS)


WHISPER_EN = weights(
    "openai/whisper-tiny.en",
    new_shape(
        model_type="whisper",
        num_hidden_layers=4,
        num_encoder_layers=4,
        hidden_size=384,
        intermediate_size=1536,
        num_attention_heads=6,
        num_key_value_heads=6,
        head_dim=64,
        vocab_size=51864,
        max_position_embeddings=448,
    ),
    format="safetensors",
)


@pytest.mark.parametrize(
    ("options", "spec", "request_", "expected", "why"),
    [
        ([CODER], "rtx-4090", {}, ("FP8", 1, "vllm"), "Ada computes FP8; 13 GiB of BF16 would leave little context"),
        ([CODER], "rtx-3090", {}, ("BF16", 1, "vllm"), "Ampere has no FP8 units, and BF16 fits"),
        ([CODER], "h100-80gb", {}, ("BF16", 1, "vllm"), "a sixth of the GPU: nothing to gain by shrinking"),
        ([CODER], "h100-80gb", {"mode": "throughput"}, ("FP8", 1, "vllm"), "throughput puts FP8 before BF16"),
        ([LLAMA_8B], "rtx-3060", {}, ("FP8", 1, "vllm"), "16 GiB of BF16 do not fit 12 GB; weight-only FP8 does"),
        ([LLAMA_8B], "t4", {}, ("FP8", 1, "vllm"), "the same on 15 GB"),
        ([QWEN, QWEN_FP8, QWEN_AWQ], "rtx-4090", {}, ("INT4", 1, "vllm"), "33 GB of FP8 do not fit, 19 GiB of AWQ do"),
        ([QWEN, QWEN_FP8, QWEN_AWQ], "2xrtx-4090", {}, ("FP8", 2, "vllm"), "two GPUs hold the official FP8"),
        ([QWEN, QWEN_FP8, QWEN_AWQ], "h100-80gb", {}, ("FP8", 1, "vllm"), "known FP8 files before BF16"),
        ([QWEN, QWEN_FP8], "h100-80gb", {"quantization": "BF16"}, ("BF16", 1, "vllm"), "what the user fixed is kept"),
        ([QWEN, QWEN_AWQ], "rtx-4090", {"quantization": "AWQ"}, ("INT4", 1, "vllm"), "AWQ is INT4 in that format"),
        ([R1], "8xh200-141gb", {}, ("FP8", 8, "vllm"), "671 GB of FP8 over 8 x 139 GiB"),
        ([R1], "8xh200-141gb", {"mode": "throughput"}, ("FP8", 8, "sglang"), "MLA for throughput: SGLang"),
        ([TINY], "cpu:24gb", {}, ("FP32", 0, "vllm"), "float32 on a CPU"),
        ([TINY], "cpu:64gb", {"no_gpu": True}, ("FP32", 0, "vllm"), "--gpu none means the CPU"),
        ([TINY], "rtx-4090", {}, ("BF16", 1, "vllm"), "tiny: BF16 as released"),
        ([LLAMA_8B], "mi300x", {}, ("BF16", 1, "vllm"), "8 % of an MI300X"),
        ([LLAMA_8B], "2xrtx-4090", {"tensor_parallel": 2}, ("FP8", 2, "vllm"), "tensor parallel as asked"),
    ],
)
def test_the_choice(
    options: list[WeightsDescription], spec: str, request_: dict[str, object], expected: object, why: str
) -> None:
    plan = plan_for(options, spec, **request_)
    assert plan.chosen is not None, [item.reason for item in plan.rejected]
    chosen = plan.chosen
    assert (chosen.quantization, len(chosen.gpu_indices), chosen.backend) == expected, why
    memory = chosen.memory_per_gpu
    assert memory.available_bytes is not None
    assert memory.total_high_bytes <= memory.available_bytes
    assert memory.total_low_bytes <= memory.total_bytes
    assert chosen.reasons


def test_r1_on_a_24_gb_card_is_refused_with_the_arithmetic() -> None:
    plan = plan_for([R1], "rtx-4090")
    assert not plan.feasible
    [rejection] = plan.rejected
    assert rejection.code == "no_memory"
    assert rejection.needed_bytes is not None
    assert rejection.needed_bytes > 600 * GIB
    assert rejection.available_bytes is not None
    assert rejection.available_bytes < 24 * GIB
    assert "FP8 needs" in rejection.reason
    assert any("in INT4 the weights of 671B parameters alone are about 32" in hint for hint in plan.hints)
    assert any("--hardware 8xh200-sxm" in hint for hint in plan.hints)


def test_a_gpu_too_old_for_the_backend() -> None:
    plan = plan_for([LLAMA_8B], "v100-32gb")
    assert {item.code for item in plan.rejected} == {"no_kernel"}


def test_a_driver_too_old_for_the_backend() -> None:
    hardware = replace(machine("rtx-4090"), cuda_version="12.4", driver_version="550.54")
    plan = make_plan(None, [CODER], hardware, PlanRequest(model="x"), FACTS)
    assert {item.code for item in plan.rejected} == {"driver_too_old"}


def test_a_context_beyond_the_model_is_refused_not_altered() -> None:
    plan = plan_for([CODER], "rtx-4090", context_length=32768)
    assert {item.code for item in plan.rejected} == {"context_too_long"}


def test_what_nobody_publishes() -> None:
    plan = plan_for([CODER], "rtx-4090", quantization="NVFP4")
    [rejection] = plan.rejected
    assert (rejection.code, rejection.reason) == (
        "no_weights",
        "no weights in NVFP4 are known, and vllm does not make them while loading; known: BF16",
    )


def test_heads_that_do_not_divide() -> None:
    plan = plan_for(
        [weights("x/y", llama(num_attention_heads=14, num_key_value_heads=2))], "4xrtx-4090", tensor_parallel=4
    )
    assert {item.code for item in plan.rejected} == {"tensor_parallel"}


def test_a_gpu_that_is_not_there() -> None:
    with pytest.raises(GpuNotFound):
        plan_for([CODER], "rtx-4090", gpus=("7",))


def test_memory_in_use_counts() -> None:
    idle = machine("rtx-4090")
    busy = replace(idle, devices=tuple(replace(gpu, memory_free_bytes=6 * GIB) for gpu in idle.devices))
    plan = make_plan(None, [CODER], busy, PlanRequest(model="x"), FACTS)
    assert not plan.feasible


def test_sglang_has_no_cpu_build() -> None:
    plan = plan_for([TINY], "cpu:24gb", backend="sglang")
    assert next((item.code, item.reason) for item in plan.rejected) == ("no_backend", "sglang has no build for cpu")


def test_unknown_shapes_are_said() -> None:
    plan = plan_for([weights("x/y", None)], "rtx-4090")
    assert {item.code for item in plan.rejected} == {"shape_unknown"}


@pytest.mark.parametrize(
    "asked", [{"gpu_count": 2}, {"gpus": ("0", "1")}, {"tensor_parallel": 2}, {"pipeline_parallel": 2}]
)
def test_gpus_that_were_asked_for_are_not_called_the_fewest(asked: dict[str, object]) -> None:
    chosen = plan_for([LLAMA_8B], "2xl40s", **asked).chosen
    assert chosen is not None
    assert "parallelism: 2 GPUs, as asked" in chosen.reasons


@pytest.mark.parametrize("spec", ["cpu:24gb", "rtx-4090"])
def test_what_a_backend_cannot_prompt_is_another_s(spec: str) -> None:
    chosen = plan_for([WHISPER_EN], spec, task="speech-to-text").chosen
    assert chosen is not None
    assert chosen.backend == "transformers"
    assert chosen.reasons[1] == snapshot(
        "backend: transformers, as vLLM tells Whisper a language and a task, and one for English alone then answers"
        " with nothing"
    )
    for name in ("vllm", "sglang"):
        refused = plan_for([WHISPER_EN], "rtx-4090", task="speech-to-text", backend=name)
        assert refused.chosen is None
        said = f"{BACKENDS[name].title} tells Whisper a language and a task, and one for English alone then answers"
        assert {(item.code, item.reason) for item in refused.rejected} == {("task_not_served", f"{said} with nothing")}
