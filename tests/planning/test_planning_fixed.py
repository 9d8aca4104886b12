"""What the user fixed is never altered, and nothing is planned that a backend would end at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import DEEPSEEK_R1, FACTS, QWEN3_32B, llama, machine, weights

from modelscan.model import Candidate, Plan, PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.units import GIB
from modelscan.weights.counting.kv_cache import element_bytes, request_bytes

_AWQ = {"quant_method": "awq", "quant_bits": 4, "quant_group_size": 128}
_MIXTURE = llama(
    num_experts=128,
    num_experts_per_token=8,
    moe_intermediate_size=1536,
    num_key_value_heads=4,
    quant_method="fp8",
    quant_bits=8,
    total_parameters=None,
)
OPTIONS = [
    [weights("x/8b", llama()), weights("x/8b-awq", llama(**_AWQ), "INT4", format="awq", official=False)],
    [weights("x/32b", QWEN3_32B)],
    [weights("x/mixture", _MIXTURE, "FP8")],
    [weights("x/r1", DEEPSEEK_R1, "FP8")],
    [weights("x/three", llama(num_attention_heads=12, num_key_value_heads=3, total_parameters=None))],
    [weights("x/encoder", llama(num_hidden_layers=24, max_position_embeddings=512), task="embed")],
]
MACHINES = ["t4", "rtx-3060", "rtx-4090", "3xrtx-3090", "4xl4", "2xh100-80gb", "8xh200-141gb", "mi300x", "cpu:64gb"]
_FIXED = {
    "quantization": st.sampled_from(["BF16", "FP16", "FP8", "INT4", "FP32"]),
    "backend": st.sampled_from(["vllm", "sglang"]),
    "mode": st.sampled_from(["standard", "throughput", "latency"]),
    "gpu_count": st.integers(1, 8),
    "gpus": st.sampled_from([("0",), ("1",), ("0", "1"), ("1", "2", "3")]),
    "no_gpu": st.just(True),
    "tensor_parallel": st.integers(1, 8),
    "pipeline_parallel": st.integers(1, 4),
    "context_length": st.sampled_from([256, 512, 5000, 32768, 131072, 200_000]),
    "max_concurrency": st.integers(1, 600) | st.just(3000),
    "kv_cache_dtype": st.sampled_from(["auto", "fp8"]),
    "dtype": st.sampled_from(["float16", "bfloat16", "float32"]),
    "gpu_memory_utilization": st.sampled_from([0.3, 0.5, 0.9, 0.95]),
    "max_memory_bytes": st.sampled_from([4 * GIB, 10 * GIB, 40 * GIB]),
    "max_host_memory_bytes": st.sampled_from([4 * GIB, 40 * GIB]),
    "enforce_eager": st.just(True),
}
REQUESTS = st.fixed_dictionaries({}, optional=_FIXED)


def planned(options: int, spec: str, fixed: dict[str, object]) -> Plan | None:
    hardware = machine(spec)
    if fixed.get("no_gpu") or any(int(word) >= len(hardware.devices) for word in fixed.get("gpus", ())):  # type: ignore[attr-defined]
        fixed = {name: value for name, value in fixed.items() if name != "gpus"}
    return make_plan(None, OPTIONS[options], hardware, PlanRequest(model="x/y", **fixed), FACTS)  # type: ignore[arg-type]


def follows(argv: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    return next((argv[argv.index(name) + 1] for name in names if name in argv), None)


_WORDS = {
    "context_length": ("--max-model-len", "--context-length"),
    "max_concurrency": ("--max-num-seqs", "--max-running-requests"),
    "tensor_parallel": ("--tensor-parallel-size", "--tp-size"),
    "pipeline_parallel": ("--pipeline-parallel-size", "--pp-size"),
    "gpu_memory_utilization": ("--gpu-memory-utilization", "--mem-fraction-static"),
}
_FIELDS = {"context_length": "max_model_len", "max_concurrency": "max_num_seqs"}


def _on_the_host(candidate: Candidate) -> int:
    if candidate.gpu_indices:
        return candidate.offload.host_bytes if candidate.offload is not None else 0
    return candidate.memory_per_gpu.total_high_bytes


def kept(candidate: Candidate, name: str, value: object) -> bool:
    """Whether a candidate does what was fixed, on its command line too."""
    found: dict[str, object] = {
        "gpu_count": len(candidate.gpu_indices),
        "gpus": tuple(map(str, candidate.gpu_indices)),
        "no_gpu": not candidate.gpu_indices,
        "max_host_memory_bytes": max(_on_the_host(candidate), value if isinstance(value, int) else 0),
        "max_memory_bytes": max(candidate.memory_per_gpu.total_high_bytes, value if isinstance(value, int) else 0),
    }
    if name in found:
        return found[name] == value
    if name in _WORDS:
        word = follows(candidate.argv, _WORDS[name]) or ("1" if "parallel" in name else None)
        if word != str(value):
            return False
    return bool(getattr(candidate, _FIELDS.get(name, name)) == value)


@given(st.integers(0, len(OPTIONS) - 1), st.sampled_from(MACHINES), REQUESTS)
def test_what_the_user_fixed_is_kept_or_refused_with_a_reason(
    options: int, spec: str, fixed: dict[str, object]
) -> None:
    plan = planned(options, spec, fixed)
    assert plan is not None
    gone = "gpus" in fixed and (
        fixed.get("no_gpu") or any(int(word) >= len(plan.hardware.devices) for word in fixed["gpus"])  # type: ignore[attr-defined]
    )
    for candidate in (plan.chosen, *plan.alternatives):
        for name, value in fixed.items():
            if candidate is not None and not (name == "gpus" and gone):
                assert kept(candidate, name, value), (name, value, candidate.argv)
    assert plan.chosen is not None or all(rejection.reason for rejection in plan.rejected)


@given(st.integers(0, len(OPTIONS) - 1), st.sampled_from(MACHINES), REQUESTS)
def test_no_plan_that_cannot_start(options: int, spec: str, fixed: dict[str, object]) -> None:
    """The rules by which vLLM 0.33 ends a start: config/model.py, config/scheduler.py, v1/worker/utils.py,
    v1/core/kv_cache_planning.py, quantization/utils.
    """
    plan = planned(options, spec, fixed)
    assert plan is not None
    shapes = {item.repo_id: item.architecture for item in OPTIONS[options]}
    by_index = {gpu.index: gpu for gpu in plan.hardware.devices}
    for candidate in (plan.chosen, *plan.alternatives):
        if candidate is None:
            continue
        shape = shapes[candidate.repo_id]
        assert shape is not None
        tp, pp = candidate.tensor_parallel, candidate.pipeline_parallel
        heads, kv_heads = shape.num_attention_heads or 0, shape.num_key_value_heads or 0
        assert heads % tp == 0
        assert shape.kv_lora_rank or kv_heads % tp == 0 or tp % kv_heads == 0
        assert len(candidate.gpu_indices) in {0, tp * pp * candidate.data_parallel}
        if shape.quant_method == "fp8" and tp > 1:
            assert (shape.moe_intermediate_size or shape.intermediate_size or 0) % (tp * 128) == 0
        if shape.quant_method == "awq" and tp > 1:
            assert (shape.intermediate_size or 0) % (tp * 128) == 0
        assert (candidate.max_model_len or 0) <= (shape.max_position_embeddings or 0)
        memory = candidate.memory_per_gpu
        assert memory.total_high_bytes <= (memory.available_bytes or 0)
        number = element_bytes(candidate.kv_cache_dtype, candidate.dtype)
        if candidate.task != "embed":
            least = request_bytes(
                shape, candidate.max_model_len or 0, tensor_parallel=tp, pipeline_parallel=pp, number=number
            )
            assert memory.kv_cache_low_bytes >= least
        for index in candidate.gpu_indices:
            gpu = by_index[index]
            total, free = gpu.memory_usable_bytes or 0, gpu.memory_free_bytes or gpu.memory_usable_bytes or 0
            assert (candidate.gpu_memory_utilization or 0) * total <= free
            if candidate.dtype == "bfloat16" and gpu.compute_capability is not None:
                assert float(gpu.compute_capability) >= 8.0 or fixed.get("dtype") == "bfloat16"
        words = [word.partition("=")[0] for word in candidate.argv if word.startswith("--")]
        assert len(words) == len(set(words))
        assert FACTS.arguments.missing(words, backend=candidate.backend, version=candidate.backend_version) is None
        assert all((candidate.backend, word) in FACTS.arguments.known for word in words), words


@given(options=st.integers(0, 3), tokens=st.integers(512, 60_000), more=st.integers(0, 60_000))
def test_the_tokens_of_a_step_that_are_fixed_are_counted(options: int, tokens: int, more: int) -> None:
    """Activations never fall when a step grows, in the words of either backend."""
    for backend, name in (("vllm", "--max-num-batched-tokens"), ("sglang", "--chunked-prefill-size")):
        sizes = []
        for step in (tokens, tokens + more):
            fixed = {"backend": backend, "backend_args": (f"{name}={step}",), "max_concurrency": 16}
            found = planned(options, "8xh200-141gb", fixed)
            assert found is not None
            assert found.chosen is not None
            assert f"{name}={step}" in found.chosen.argv
            sizes.append(found.chosen.memory_per_gpu.activations_bytes)
        assert sizes[0] <= sizes[1]
