from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan.dataclasses import replace
from modelscan.model import Candidate, PlanRequest, Rejection
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.options.layouts import layouts
from modelscan.weights.counting.bytes import weights_bytes
from modelscan.weights.counting.kv_cache import request_bytes

layers = st.integers(1, 100)
contexts = st.integers(1, 262144)
shapes = st.builds(
    llama,
    num_hidden_layers=st.integers(2, 80),
    num_attention_heads=st.sampled_from([8, 14, 16, 28, 32, 40, 64]),
    num_key_value_heads=st.sampled_from([1, 2, 4, 8]),
    total_parameters=st.none(),
)


@given(layers, layers, contexts, contexts)
def test_memory_never_falls_when_layers_or_context_grow(
    some_layers: int, more_layers: int, context: int, longer: int
) -> None:
    few, many = sorted((some_layers, more_layers))
    short, long = sorted((context, longer))
    small, large = llama(num_hidden_layers=few), llama(num_hidden_layers=many)
    assert request_bytes(small, short, number=2) <= request_bytes(large, long, number=2)
    bare = [weights("x/y", replace(shape, total_parameters=None)) for shape in (small, large)]
    light, heavy = (weights_bytes(item, "BF16") for item in bare)
    assert light is not None
    assert heavy is not None
    assert light.low <= light.estimate <= light.high <= heavy.high


@given(shapes, st.sampled_from(["rtx-3090", "rtx-4090", "l4", "h100-80gb"]), st.integers(1, 7))
def test_adding_a_gpu_never_turns_a_fit_into_a_refusal(shape: object, gpu: str, count: int) -> None:
    option = [weights("x/y", shape)]  # type: ignore[arg-type]
    request = PlanRequest(model="x/y")
    fewer = make_plan(None, option, machine(f"{count}x{gpu}"), request, FACTS)
    more = make_plan(None, option, machine(f"{count + 1}x{gpu}"), request, FACTS)
    assert more.feasible or not fewer.feasible


@given(shapes, st.integers(1, 8))
def test_tensor_parallel_divides_what_it_must(shape: object, count: int) -> None:
    for layout in layouts(shape, machine(f"{count}xh100-80gb").devices, PlanRequest(model="x")):  # type: ignore[arg-type]
        tp, heads, kv_heads = layout.tensor_parallel, shape.num_attention_heads, shape.num_key_value_heads  # type: ignore[attr-defined]
        assert heads % tp == 0
        assert kv_heads % tp == 0 or tp % kv_heads == 0
        assert tp * layout.pipeline_parallel == len(layout.gpus)


@given(
    shapes,
    st.sampled_from(["rtx-3060", "rtx-4090", "2xh100-80gb", "mi300x", "cpu:16gb", "cpu:64gb", "v100-32gb"]),
    st.sampled_from([None, "BF16", "FP8", "INT4", "FP32"]),
    st.none() | st.integers(16, 200_000),
    st.none() | st.sampled_from(["standard", "throughput", "latency"]),
)
def test_every_candidate_ends_as_plan_or_rejection(
    shape: object, spec: str, quantization: str | None, context: int | None, mode: str | None
) -> None:
    request = PlanRequest(model="x/y", quantization=quantization, context_length=context, mode=mode)  # type: ignore[arg-type]
    plan = make_plan(None, [weights("x/y", shape)], machine(spec), request, FACTS)  # type: ignore[arg-type]
    assert plan.feasible == (plan.chosen is not None)
    assert plan.chosen is not None or plan.rejected
    for rejection in plan.rejected:
        assert isinstance(rejection, Rejection)
        assert rejection.reason
        assert rejection.code
    for candidate in (plan.chosen, *plan.alternatives):
        if candidate is None:
            continue
        assert isinstance(candidate, Candidate)
        assert candidate.argv
        if context is not None:
            assert candidate.max_model_len == context
        if quantization is not None:
            assert candidate.quantization == quantization
