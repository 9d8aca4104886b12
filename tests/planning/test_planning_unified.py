"""Memory that GPU and host share, and formats that bandwidth rules out."""

from __future__ import annotations

import pytest
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan import dataclasses
from modelscan.model import Candidate, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.units import GIB

LLAMA_70B = llama(
    num_hidden_layers=80, hidden_size=8192, intermediate_size=28672, num_attention_heads=64,
    total_parameters=70_553_706_496,
)  # fmt: skip
LLAMA_24B = llama(
    num_hidden_layers=40, hidden_size=5120, intermediate_size=32768, total_parameters=23_572_403_200
)  # fmt: skip


def chosen(spec: str, *options: WeightsDescription, **request: object) -> Candidate:
    plan = make_plan(None, options, machine(spec), PlanRequest(model="x/y", **request), FACTS)  # type: ignore[arg-type]
    assert plan.chosen is not None, [item.reason for item in plan.rejected]
    return plan.chosen


@pytest.mark.parametrize("spec", ["gb10", "strix-halo", "agx-orin"])
def test_the_host_keeps_its_share_of_unified_memory(spec: str) -> None:
    found = chosen(spec, weights("x/y", llama()))
    assert found.gpu_memory_utilization == 0.8


def test_what_others_use_and_a_reserve_for_the_host_are_left() -> None:
    """Figures of a GB10: 121.69 GiB, 101.8 free (MiaAI-Lab/GLM-5.3-Flash-EXL3-2x-DGX-Sparks#47)."""
    described = machine("gb10")
    gpu = dataclasses.replace(
        described.devices[0],
        memory_total_bytes=int(121.69 * GIB),
        memory_usable_bytes=int(121.69 * GIB),
        memory_free_bytes=60 * GIB,
    )
    here = dataclasses.replace(described, devices=(gpu,))
    plan = make_plan(None, [weights("x/y", llama())], here, PlanRequest(model="x/y"), FACTS)
    assert plan.chosen is not None
    assert plan.chosen.gpu_memory_utilization == pytest.approx((60 - 1.75) / 121.69, abs=0.01)


def test_a_share_that_was_asked_for_is_kept() -> None:
    assert chosen("gb10", weights("x/y", llama()), gpu_memory_utilization=0.85).gpu_memory_utilization == 0.85


def test_16_bits_give_way_to_8_where_they_are_slow() -> None:
    options = weights("x/y", llama()), weights("x/y-fp8", llama(), "FP8")
    found = chosen("gb10", *options)
    assert found.quantization == "FP8"
    assert "format: FP8 rather than BF16, which would give about" in " ".join(found.reasons)
    assert chosen("gb10", *options, quantization="BF16").quantization == "BF16"


def test_a_format_slower_than_reading_gives_way_to_4_bits() -> None:
    options = weights("x/y", LLAMA_70B, "FP8"), weights("x/y-nvfp4", LLAMA_70B, "NVFP4")
    assert chosen("gb10", *options).quantization == "NVFP4"


def test_where_bandwidth_suffices_quality_decides() -> None:
    options = weights("x/y", LLAMA_24B), weights("x/y-awq", LLAMA_24B, "INT4")
    assert chosen("h200", *options).quantization != "INT4"


def test_nothing_smaller_at_hand_is_no_refusal() -> None:
    assert chosen("strix-halo", weights("x/y", LLAMA_24B)).quantization == "BF16"
