"""How a model is spread: what must divide, GPUs that are apart, copies for throughput."""

from __future__ import annotations

import pytest
from tests.planning.machines import DEEPSEEK_R1, FACTS, QWEN3_32B, llama, machine, weights

from modelscan.dataclasses import replace
from modelscan.model import Architecture, Candidate, GpuLink, Hardware, PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.options.layouts import tensor_parallel_problem

_FP8 = {"quant_method": "fp8", "quant_bits": 8}
_AWQ = {"quant_method": "awq", "quant_bits": 4, "quant_group_size": 128}
QWEN3_235B = replace(
    QWEN3_32B,
    num_hidden_layers=94,
    hidden_size=4096,
    intermediate_size=12288,
    num_key_value_heads=4,
    num_experts=128,
    num_experts_per_token=8,
    moe_intermediate_size=1536,
    total_parameters=235_093_634_560,
)
QWEN3_NEXT = replace(
    QWEN3_32B,
    num_attention_heads=16,
    num_key_value_heads=2,
    head_dim=256,
    num_experts=512,
    moe_intermediate_size=512,
    shared_expert_intermediate_size=512,
    details={"linear_num_key_heads": 16, "linear_num_value_heads": 32},
)


@pytest.mark.parametrize(
    ("shape", "size", "problem"),
    [
        (llama(), 8, None),
        (llama(), 3, "32 attention heads cannot be divided by 3"),
        (llama(num_attention_heads=24, num_key_value_heads=8), 6, "8 KV heads cannot be divided over 6 GPUs"),
        (llama(vision={"num_heads": 12}), 8, "12 heads of its vision tower cannot be divided by 8"),
        (llama(vision={"num_attention_heads": 25}, model_type="internvl_chat"), 2, None),
        (QWEN3_NEXT, 16, None),
        (replace(QWEN3_NEXT, details={"linear_num_key_heads": 8}), 16, "8 heads of its linear layers cannot be"),
        # The published ones: Qwen3-235B-FP8 runs on four and not on eight, Qwen3-Next-FP8 likewise.
        (replace(QWEN3_235B, **_FP8), 4, None),
        (replace(QWEN3_235B, **_FP8), 8, "FP8 blocks of 128 do not divide experts' width of 1536 over 8 GPUs"),
        (replace(QWEN3_NEXT, **_FP8), 4, None),
        (replace(QWEN3_NEXT, **_FP8), 8, "FP8 blocks of 128 do not divide experts' width of 512 over 8 GPUs"),
        (DEEPSEEK_R1, 16, None),
        (DEEPSEEK_R1, 32, "FP8 blocks of 128 do not divide a width of 18432 over 32 GPUs"),
        # Qwen padded its 72B from 29568 to 29696 for this.
        (llama(num_attention_heads=64, intermediate_size=29568, **_AWQ), 8, "groups of 128 do not divide a width"),
        (llama(num_attention_heads=64, intermediate_size=29696, **_AWQ), 8, None),
    ],
)
def test_what_must_divide(shape: Architecture, size: int, problem: str | None) -> None:
    found = tensor_parallel_problem(shape, size)
    assert found is None if problem is None else str(found).startswith(problem)


def planned(shape: Architecture, hardware: Hardware, quantization: str = "BF16", **asked: object) -> Candidate | None:
    request = PlanRequest(model="x/y", **asked)  # type: ignore[arg-type]
    return make_plan(None, [weights("x/y", shape, quantization)], hardware, request, FACTS).chosen


def test_the_refusal_says_which_number_does_not_divide() -> None:
    request = PlanRequest(model="x/y", tensor_parallel=3)
    plan = make_plan(None, [weights("x/y", llama())], machine("4xh100-80gb"), request, FACTS)
    assert {rejection.reason for rejection in plan.rejected} == {
        (
            "the model cannot be divided over 4 usable GPUs as asked (tensor parallel 3): "
            "32 attention heads cannot be divided by 3"
        )
    }


def pair(spec: str, *, p2p: bool | None) -> Hardware:
    return replace(machine(spec), links=(GpuLink(gpus=(0, 1), p2p=p2p),))


def test_gpus_that_are_apart_do_not_use_the_backends_own_all_reduce() -> None:
    for backend in ("vllm", "sglang"):
        found = planned(QWEN3_32B, pair("2xl40s", p2p=False), backend=backend, quantization="BF16")
        assert found is not None
        assert (found.tensor_parallel, "--disable-custom-all-reduce" in found.argv) == (2, True)
        assert any("NCCL_P2P_DISABLE=1" in reason for reason in found.reasons)
    joined = planned(QWEN3_32B, pair("2xl40s", p2p=True), quantization="BF16")
    assert joined is not None
    assert "--disable-custom-all-reduce" not in joined.argv
    described = planned(QWEN3_32B, machine("2xrtx-4090"))  # its driver is known not to allow it
    assert described is not None
    assert "--disable-custom-all-reduce" in described.argv
    asked = planned(QWEN3_32B, pair("2xrtx-4090", p2p=True))  # but what the driver says counts
    assert asked is not None
    assert "--disable-custom-all-reduce" not in asked.argv


def test_for_throughput_gpus_that_are_apart_form_a_pipeline() -> None:
    found = planned(QWEN3_32B, pair("2xl40s", p2p=False), quantization="BF16", mode="throughput")
    assert found is not None
    assert (found.tensor_parallel, found.pipeline_parallel) == (1, 2)
    assert "--disable-custom-all-reduce" not in found.argv


@pytest.mark.parametrize(
    ("asked", "split"),
    [
        ({}, (1, 1, 1)),
        ({"mode": "throughput"}, (1, 1, 8)),
        ({"mode": "throughput", "gpu_count": 4}, (1, 1, 4)),
        ({"mode": "throughput", "tensor_parallel": 2}, (2, 1, 4)),
        ({"mode": "throughput", "gpus": ("0", "3")}, (1, 1, 2)),
        ({"mode": "latency"}, (4, 1, 1)),
        ({"mode": "latency", "gpu_count": 2}, (2, 1, 1)),
    ],
)
def test_copies_for_throughput(asked: dict[str, object], split: tuple[int, int, int]) -> None:
    found = planned(llama(), machine("8xh100-80gb"), **asked)
    assert found is not None
    assert (found.tensor_parallel, found.pipeline_parallel, found.data_parallel) == split
    assert len(found.gpu_indices) == split[0] * split[1] * split[2]
    assert ("--data-parallel-size" in found.argv) == (split[2] > 1)


def test_copies_are_offered_and_share_their_experts() -> None:
    dense = planned(llama(), machine("8xh100-80gb"))
    assert dense is not None
    assert "parallelism: one GPU is enough; 7 more could run copies: --mode throughput" in dense.reasons
    mixture = planned(QWEN3_235B, machine("8xh200-141gb"), mode="throughput")
    assert mixture is not None
    assert (mixture.tensor_parallel, mixture.data_parallel, mixture.expert_parallel) == (1, 8, True)
    assert "--enable-expert-parallel" in mixture.argv
    assert (
        "parallelism: 8 copies of all but the experts, each over one GPU, for throughput: KV cache and concurrency are "
        "those of each; "
        "the experts are distributed over all 8 GPUs"
    ) in mixture.reasons
    whole = planned(QWEN3_235B, machine("8xh200-141gb"), mode="throughput", tensor_parallel=8)
    assert whole is not None
    assert whole.memory_per_gpu.weights_bytes < mixture.memory_per_gpu.weights_bytes  # attention is not divided


def test_copies_leave_room_for_the_cache() -> None:
    blocks = replace(QWEN3_235B, **_FP8)
    roomy = planned(blocks, machine("8xh200-141gb"), "FP8", mode="throughput")
    assert roomy is not None
    assert (roomy.tensor_parallel, roomy.data_parallel) == (1, 8)
    tight = planned(blocks, machine("8xl40s"), "FP8", mode="throughput")
    assert tight is not None
    assert (tight.tensor_parallel, tight.data_parallel, len(tight.gpu_indices)) == (2, 4, 8)
    uneven = planned(blocks, machine("6xh200-141gb"), "FP8", mode="throughput")
    assert uneven is not None
    assert len(uneven.gpu_indices) == 4
    assert any(
        "2 stay idle, because the experts cannot be distributed evenly over more" in reason for reason in uneven.reasons
    )
    slow = planned(blocks, machine("8xrtx-5090"), "FP8", mode="throughput")  # GeForce: no P2P
    assert slow is None or slow.data_parallel == 1


def test_experts_whose_width_does_not_divide_are_dealt_out_whole() -> None:
    blocks = replace(QWEN3_235B, **_FP8)
    found = planned(blocks, machine("8xa100-40gb"), "FP8")
    assert found is not None
    assert (found.tensor_parallel, found.pipeline_parallel, found.expert_parallel) == (8, 1, True)
    divided = planned(QWEN3_235B, machine("8xa100-80gb"), tensor_parallel=8)
    assert divided is not None
    assert not divided.expert_parallel
    # SGLang's sum for it is not known here: a pipeline, as short as can be.
    other = planned(blocks, machine("8xa100-40gb"), "FP8", backend="sglang")
    assert other is not None
    assert (other.tensor_parallel, other.pipeline_parallel) == (4, 2)


def test_for_latency_more_gpus_only_where_one_request_is_answered_faster() -> None:
    small = llama(num_hidden_layers=28, hidden_size=1024, intermediate_size=3072, total_parameters=None)
    alone = planned(small, machine("8xh100-80gb"), mode="latency")
    assert alone is not None
    assert alone.tensor_parallel == 1  # joining the parts would take longer than reading them
    fast = planned(QWEN3_32B, machine("8xh100-80gb"), mode="latency", quantization="BF16")
    usual = planned(QWEN3_32B, machine("8xh100-80gb"), quantization="BF16")
    assert fast is not None
    assert usual is not None
    assert (usual.tensor_parallel, fast.tensor_parallel) == (1, 8)
    assert (fast.estimated.decode_tokens_per_second or 0) > 2 * (usual.estimated.decode_tokens_per_second or 0)
    assert any(reason.startswith("parallelism: 8 GPUs, to answer one request faster") for reason in fast.reasons)
    needed = planned(QWEN3_32B, machine("2xrtx-3090"), "FP8", mode="latency")
    assert needed is not None
    assert "parallelism: 2 GPUs, the fewest that hold it" in needed.reasons


def test_what_the_user_says_of_experts_is_counted() -> None:
    asked = PlanRequest(model="x/y", tensor_parallel=4, backend_args=("--enable-expert-parallel",))
    found = make_plan(None, [weights("x/y", QWEN3_235B)], machine("4xh200-141gb"), asked, FACTS).chosen
    assert found is not None
    assert found.expert_parallel
    assert found.argv.count("--enable-expert-parallel") == 1
