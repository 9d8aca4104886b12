"""A CPU is planned by what its memory holds and how fast that is read."""

from __future__ import annotations

import pytest
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan.model import Architecture, Candidate, PlanRequest, WeightsDescription
from modelscan.planning.decide.planner import make_plan

LLAMA_31B = llama(
    num_hidden_layers=60, hidden_size=5376, intermediate_size=21504, num_attention_heads=32, num_key_value_heads=16,
    total_parameters=30_700_000_000,
)  # fmt: skip
SMALL = llama(num_hidden_layers=30, hidden_size=576, intermediate_size=1536, total_parameters=134_515_008)


def chosen(spec: str, *options: WeightsDescription, **request: object) -> Candidate:
    plan = make_plan(None, options, machine(spec), PlanRequest(model="x/y", **request), FACTS)  # type: ignore[arg-type]
    assert plan.chosen is not None, [item.reason for item in plan.rejected]
    return plan.chosen


def test_a_useful_context_counts_more_than_16_bits() -> None:
    """31 billion parameters in BF16 leave 64 GB hardly any context; speed is not why: it was asked for throughput."""
    options = weights("x/y", LLAMA_31B), weights("x/y-awq", LLAMA_31B, "INT4")
    found = chosen("cpu:64gb", *options, mode="throughput")
    assert (found.quantization, found.max_model_len) == ("INT4", 8192)


def test_four_bits_where_16_are_slower_than_speech() -> None:
    options = weights("x/y", LLAMA_31B), weights("x/y-awq", LLAMA_31B, "INT4")
    found = chosen("cpu:256gb", *options)
    assert (found.quantization, found.max_model_len) == ("INT4", 8192)
    assert any(reason.startswith("format: INT4 rather than BF16") for reason in found.reasons)


@pytest.mark.parametrize(("shape", "quantization"), [(SMALL, "FP32"), (llama(), "BF16")])
def test_float32_is_for_small_models(shape: Architecture, quantization: str) -> None:
    assert chosen("cpu:64gb", weights("x/y", shape)).quantization == quantization


def test_float32_that_was_asked_for_is_kept() -> None:
    assert chosen("cpu:64gb", weights("x/y", llama()), quantization="FP32").quantization == "FP32"
