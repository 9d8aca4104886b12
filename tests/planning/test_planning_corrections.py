"""What a started backend reported wins over the estimate, for the same weights split alike."""

from __future__ import annotations

import pytest
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan import dataclasses
from modelscan.model import Candidate, Measurement, PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.units import GIB

WEIGHTS = weights("x/8b", llama(), "BF16")


def chosen(*measurements: Measurement) -> Candidate:
    request = PlanRequest(model="x/8b", quantization="BF16")
    plan = make_plan(None, [WEIGHTS], machine("rtx-4090"), request, FACTS, measurements=measurements)
    assert plan.chosen is not None
    return plan.chosen


CHOSEN = chosen()
MEASURED = Measurement(
    repo_id="x/8b",
    quantization=CHOSEN.quantization,
    backend="vllm",
    backend_version=CHOSEN.backend_version,
    gpu_name=CHOSEN.gpu_name,
    max_num_seqs=CHOSEN.max_num_seqs,
    gpu_memory_utilization=0.92,
    weights_bytes=15 * GIB,
    kv_cache_bytes=5 * GIB,
    at="2026-11-20T10:00:00Z",
)


def test_a_plan_takes_the_measured_weights_and_says_so() -> None:
    plan = chosen(MEASURED)
    assert plan.memory_per_gpu.weights_bytes == 15 * GIB
    (said,) = [reason for reason in plan.reasons if reason.startswith("measured: ")]
    assert said == (
        f"measured: vllm {CHOSEN.backend_version} took 15.00 GiB for these weights on 2026-11-20, the estimate was "
        "14.99 GiB; the measured figure is used"
    )


def test_on_the_same_gpu_with_the_same_settings_the_pool_is_the_measured_one() -> None:
    plan = chosen(MEASURED)
    memory = plan.memory_per_gpu
    assert memory.kv_cache_bytes == pytest.approx(5 * GIB, rel=0.001)
    assert memory.kv_cache_low_bytes <= 5 * GIB <= memory.kv_cache_high_bytes
    assert memory.kv_cache_high_bytes - memory.kv_cache_low_bytes < (
        CHOSEN.memory_per_gpu.kv_cache_high_bytes - CHOSEN.memory_per_gpu.kv_cache_low_bytes
    )


@pytest.mark.parametrize(
    "other",
    [
        {"repo_id": "y/8b"},
        {"quantization": "FP8"},
        {"backend": "sglang"},
        {"tensor_parallel": 2},
        {"pipeline_parallel": 2},
        {"weights_bytes": None},
    ],
)
def test_a_measurement_of_something_else_changes_nothing(other: dict[str, object]) -> None:
    plan = chosen(dataclasses.replace(MEASURED, **other))
    assert plan == CHOSEN


@pytest.mark.parametrize("other", [{"max_num_seqs": 7}, {"gpu_name": "another"}, {"enforce_eager": True}])
def test_other_settings_correct_the_weights_only(other: dict[str, object]) -> None:
    plan = chosen(dataclasses.replace(MEASURED, **other))
    assert plan.memory_per_gpu.weights_bytes == 15 * GIB
    assert plan.memory_per_gpu.overhead_bytes == CHOSEN.memory_per_gpu.overhead_bytes


def _drafting(*measurements: Measurement, tokens: int = 2) -> Candidate:
    word = f'--speculative-config={{"method":"mtp","num_speculative_tokens":{tokens}}}'
    request = PlanRequest(model="x/8b", quantization="BF16", backend_args=(word,))
    plan = make_plan(None, [WEIGHTS], machine("rtx-4090"), request, FACTS, measurements=measurements)
    assert plan.chosen is not None
    return plan.chosen


def test_what_was_measured_with_drafting_counts_for_drafting_only() -> None:
    """Its weights hold the layers that draft; and a start that drafts another number takes other memory besides."""
    drafting = dataclasses.replace(MEASURED, speculative={"method": "mtp", "num_speculative_tokens": 2})
    assert chosen(drafting) == CHOSEN
    assert _drafting(MEASURED) == _drafting()
    same, other = _drafting(drafting), _drafting(drafting, tokens=3)
    assert same.memory_per_gpu.weights_bytes == other.memory_per_gpu.weights_bytes == 15 * GIB
    assert any(reason.startswith("measured: ") for reason in same.reasons)
    assert other.memory_per_gpu.overhead_bytes == _drafting(tokens=3).memory_per_gpu.overhead_bytes


def test_another_version_of_the_backend_is_second_best() -> None:
    older = dataclasses.replace(MEASURED, backend_version="0.20.0", weights_bytes=14 * GIB)
    plan = chosen(older, MEASURED)
    assert plan.memory_per_gpu.weights_bytes == 15 * GIB
