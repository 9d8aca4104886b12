"""Layers on GPUs and on the host: where they lie, when that is weighed, and what is said of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import DEEPSEEK_R1, DEMO, FACTS, QWEN3_32B, llama, machine, model, weights

from modelscan.backends.registry import BACKENDS
from modelscan.model import (
    Architecture,
    Candidate,
    Form,
    LayerBytes,
    Plan,
    PlanRequest,
    TensorBytes,
    WeightsDescription,
)
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.offload.placing import place
from modelscan.planning.offload.rooms import Load, Rooms, load_of
from modelscan.units import GIB
from modelscan.weights.counting.gguf_bytes import LaidOut
from modelscan.weights.counting.sizes import Sized

OFFLOADS = BACKENDS["llamacpp"].offloads


def files(repo_id: str, shape: Architecture, quantization: str = "Q4_K_M", **more: object) -> WeightsDescription:
    return weights(repo_id, shape, quantization, format="gguf", official=False, verified=False, **more)


R1 = [weights("deepseek-ai/DeepSeek-R1", DEEPSEEK_R1, "FP8"), files("unsloth/DeepSeek-R1-GGUF", DEEPSEEK_R1)]
LLAMA = [weights("meta-llama/Llama-3.1-8B-Instruct", llama()), files("unsloth/Llama-3.1-8B-Instruct-GGUF", llama())]
QWEN = [weights("Qwen/Qwen3-32B", QWEN3_32B), files("unsloth/Qwen3-32B-GGUF", QWEN3_32B)]
TINY = [
    weights("demo", DEMO, source="local_path", bytes_by_dtype={"BF16": 3_600_000}, size_bytes=3_600_000),
    files("demo-gguf", DEMO, "Q8_0"),
]


def plan_for(options: list[WeightsDescription], spec: str, **request: object) -> Plan:
    wanted = PlanRequest(model="m/m", **request)  # type: ignore[arg-type]
    return make_plan(model("m/m", *options), options, machine(spec), wanted, FACTS)


def chosen(options: list[WeightsDescription], spec: str, **request: object) -> Candidate:
    found = plan_for(options, spec, **request).chosen
    assert found is not None
    return found


def reason(candidate: Candidate, topic: str) -> str:
    return next(text for text in candidate.reasons if text.startswith(f"{topic}: "))


def test_r1_on_one_24_gb_card_beside_512_gib() -> None:
    found = chosen(R1, "rtx-4090+512gib-ram")
    assert (found.backend, found.quantization, found.gpu_indices, found.max_model_len) == (
        "llamacpp",
        "Q4_K_M",
        (0,),
        32768,
    )
    assert found.offload is not None
    assert found.offload.gpu_layers == 62  # all 61 and the output
    assert found.offload.host_expert_layers > 55
    assert 340 * GIB < found.offload.host_bytes < 400 * GIB
    assert found.memory_per_gpu.total_high_bytes <= (found.memory_per_gpu.available_bytes or 0)
    assert reason(found, "backend").startswith("backend: llamacpp, because vLLM needs ")
    assert "experts" in reason(found, "offload")
    assert "host memory for each token" in (found.estimated.basis or "")
    words = " ".join(found.argv)
    assert f"--gpu-layers 62 --n-cpu-moe {found.offload.host_expert_layers}" in words
    assert "--ctx-size 32768 --parallel 1" in words


def test_r1_beside_64_gib_is_refused_with_the_figure() -> None:
    plan = plan_for(R1, "rtx-4090+64gib-ram")
    assert plan.chosen is None
    nearest = plan.rejected[0]
    assert (nearest.backend, nearest.code, nearest.available_bytes) == ("llamacpp", "no_memory", 63 * GIB)
    assert nearest.needed_bytes is not None
    assert 340 * GIB < nearest.needed_bytes < 420 * GIB
    assert "of host memory" in nearest.reason


def test_a_host_of_unknown_size_is_asked_about() -> None:
    nearest = plan_for(R1, "rtx-4090").rejected[0]
    assert (nearest.code, nearest.backend) == ("host_memory_unknown", "llamacpp")
    assert "+512gib-ram" in nearest.reason


@pytest.mark.parametrize(
    ("options", "spec", "request_", "backend", "why"),
    [
        (LLAMA, "rtx-4090", {}, "vllm", "it fits"),
        (LLAMA, "rtx-4090+64gib-ram", {}, "vllm", "it fits, however much the host has"),
        (LLAMA, "rtx-4090", {"backend": "llamacpp"}, "llamacpp", "as asked"),
        (LLAMA, "rtx-4090", {"quantization": "Q4_K_M"}, "llamacpp", "only its files have that format"),
        (LLAMA, "cpu:32gb", {}, "llamacpp", "BF16 would give a fifth of the tokens"),
        (LLAMA, "cpu:32gb", {"backend": "vllm"}, "vllm", "as asked"),
        (LLAMA, "cpu:32gb", {"mode": "throughput"}, "vllm", "a host's bandwidth is for one request"),
        (LLAMA, "cpu:32gb", {"backend_args": ("--block-size=16",)}, "vllm", "arguments of its own"),
        (LLAMA, "cpu:8gb", {}, "llamacpp", "vLLM does not fit"),
        (LLAMA, "gtx-1080-ti", {}, "llamacpp", "vLLM has no kernels for it"),
        (QWEN, "rtx-4090+64gib-ram", {}, "llamacpp", "vLLM does not fit; the weights in four bits do"),
        (TINY, "cpu:16gb", {}, "vllm", "fast enough, and right: the demo stays"),
        (TINY[:1], "cpu:16gb", {}, "vllm", "no GGUF known: as ever"),
        (TINY[1:], "cpu:16gb", {}, "llamacpp", "GGUF alone"),
    ],
)
def test_when_it_is_taken(
    options: list[WeightsDescription], spec: str, request_: dict[str, object], backend: str, why: str
) -> None:
    assert chosen(options, spec, **request_).backend == backend, why


def test_a_model_without_known_gguf_keeps_its_refusal() -> None:
    plan = plan_for(R1[:1], "rtx-4090+512gib-ram")
    assert {item.backend for item in plan.rejected} == {"vllm"}


def test_on_a_cpu_the_other_is_named() -> None:
    assert reason(chosen(LLAMA, "cpu:32gb"), "pace").startswith("pace: llamacpp in Q4_K_M rather than vllm in BF16")
    assert reason(chosen(TINY, "cpu:16gb"), "weighed").startswith("weighed: llamacpp in Q8_0 would give about")


def test_layers_of_a_dense_model_that_a_card_does_not_hold() -> None:
    big = llama(num_hidden_layers=80, hidden_size=8192, intermediate_size=28672, num_attention_heads=64,
                total_parameters=70_553_706_496)  # fmt: skip
    found = chosen([files("x/70B-GGUF", big)], "rtx-4090+64gib-ram")
    assert found.offload is not None
    assert 20 < found.offload.gpu_layers < 60
    assert found.offload.host_expert_layers == 0
    assert found.max_num_seqs == 1
    assert "layers are on the GPU, which holds no more" in reason(found, "offload")


def test_two_cards_share_the_layers_and_one_is_enough_where_it_is() -> None:
    two = chosen([files("x/32B-GGUF", QWEN3_32B, "Q8_0")], "2xrtx-4090")
    assert two.offload is not None
    assert (two.gpu_indices, sum(two.offload.split)) == ((0, 1), 65)
    assert "--tensor-split" in two.argv
    one = chosen([files("x/8B-GGUF", llama())], "2xrtx-4090")
    assert (one.gpu_indices, one.offload.split if one.offload else None) == ((0,), ())


def test_of_several_quantizations_the_usual_one_then_what_fits() -> None:
    sizes = {"Q8_0": 34_800_000_000, "Q3_K_M": 16_000_000_000, "Q2_K": 12_300_000_000, "IQ1_S": 7_000_000_000}
    known = files("x/32B-GGUF", QWEN3_32B, size_bytes=19_800_000_000,
                  forms=tuple(Form(word, (f"{word}.gguf",), size) for word, size in sizes.items()))  # fmt: skip
    assert chosen([known], "cpu:64gb").quantization == "Q4_K_M"
    assert chosen([known], "cpu:20gb").quantization == "Q3_K_M"
    assert chosen([known], "cpu:64gb", quantization="IQ1_S").quantization == "IQ1_S"
    assert not plan_for([known], "cpu:10gb").feasible


def test_what_is_fixed_is_kept() -> None:
    found = chosen(LLAMA[1:], "rtx-4090", context_length=4096, max_concurrency=3, kv_cache_dtype="q8_0")
    assert (found.max_model_len, found.max_num_seqs, found.kv_cache_dtype) == (4096, 3, "q8_0")
    assert found.memory_per_gpu.kv_cache_bytes == 32 * 4096 * 3 * 8 * 256 * 34 // 32
    assert "--ctx-size 12288 --parallel 3" in " ".join(found.argv)
    assert plan_for(LLAMA[1:], "rtx-4090", kv_cache_dtype="q9").rejected[0].code == "no_kernel"
    assert plan_for(LLAMA[1:], "rtx-4090", context_length=10**6).rejected[0].code == "context_too_long"
    least = chosen(LLAMA[1:], "rtx-4090+64gib-ram", max_memory_bytes=3 * GIB)
    assert least.offload is not None
    assert least.memory_per_gpu.total_high_bytes <= 3 * GIB
    assert 0 < least.offload.gpu_layers < 33


def test_the_host_s_memory_is_bounded_with_gpus_and_without() -> None:
    free = chosen(LLAMA[1:], "rtx-3060+64gib-ram", context_length=131072)
    assert free.offload is not None
    assert free.offload.host_bytes > GIB
    bounded = plan_for(LLAMA[1:], "rtx-3060+64gib-ram", context_length=131072, max_host_memory_bytes=GIB)
    assert bounded.chosen is None
    assert {item.available_bytes for item in bounded.rejected} == {GIB}
    on_gpu = chosen(LLAMA[1:], "rtx-3060+64gib-ram", max_host_memory_bytes=2 * GIB)
    assert on_gpu.offload is not None
    assert (on_gpu.offload.host_available_bytes, on_gpu.offload.host_bytes <= 2 * GIB) == (2 * GIB, True)
    alone = chosen(LLAMA[1:], "cpu:64gb", max_host_memory_bytes=8 * GIB)
    assert alone.memory_per_gpu.total_high_bytes <= 8 * GIB
    assert not plan_for(LLAMA[1:], "cpu:64gb", max_host_memory_bytes=GIB).feasible


def _load(layers: list[LayerBytes], context: int) -> Load:
    assert OFFLOADS is not None
    tensors = TensorBytes(layers=tuple(layers), embedding=100 * 2**20, output=120 * 2**20)
    shape = llama(num_hidden_layers=len(layers))
    return load_of(OFFLOADS, shape, LaidOut(tensors, 0.0, ""), context=context, requests=1, number=2.0)


@given(
    st.lists(st.tuples(st.integers(1, 2**30), st.integers(0, 4 * 2**30)), min_size=1, max_size=40),
    st.lists(st.integers(0, 48 * 2**30), max_size=3),
    st.sampled_from([256, 8192, 131072]),
)
def test_nothing_is_lost_and_no_gpu_gets_more_than_it_has(
    layers: list[tuple[int, int]], gpus: list[int], context: int
) -> None:
    load = _load([LayerBytes(rest, experts) for rest, experts in layers], context)
    rooms = Rooms(gpus=tuple(gpus), host=2**60, overhead=Sized(1, 2, 3), host_overhead=Sized(1, 2, 3))
    found = place(load, rooms)
    assert all(size.high <= room for size, room in zip(found.on_gpus, gpus, strict=False))
    assert sum(found.parts) == found.gpu_layers <= len(layers) + 1
    all_bytes = sum(layer.whole for layer in load.layers) + load.output + load.embedding
    beside = found.host.estimate + sum(size.estimate for size in found.on_gpus)
    buffers = load.working.host.estimate if found.parts else load.working.alone.estimate
    fixed = buffers + 2 + len(found.parts) * (load.working.gpu.estimate + 2)
    staged = load.staged * len(found.parts) if found.host_expert_layers else 0
    assert beside - fixed - staged == all_bytes
