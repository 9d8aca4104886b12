"""Types of a KV cache: how many bytes a value takes."""

from __future__ import annotations

import pytest
from tests.planning.machines import FACTS, llama, machine, weights

from modelscan.model import PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.weights.counting.kv_cache import element_bytes


@pytest.mark.parametrize(
    ("kv", "dtype", "expected"),
    [
        (None, "bfloat16", 2.0),
        ("auto", "float32", 4.0),
        ("fp8_e4m3", "bfloat16", 1.0),
        ("int8_per_token_head", "bfloat16", 1 + 4 / 128),
        ("fp8_per_token_head", "bfloat16", 1 + 4 / 128),
        ("int4_per_token_head", "bfloat16", 0.5 + 4 / 128),
        ("nvfp4", "bfloat16", 0.5625),
        ("bfloat16", "float32", 2.0),
    ],
)
def test_a_value_takes(kv: str | None, dtype: str, expected: float) -> None:
    assert element_bytes(kv, dtype) == expected


def test_eight_bits_a_value_hold_nearly_twice_as_many_tokens() -> None:
    """Qwen3.6-27B in FP8 with int8_per_token_head serves 262,144 tokens on two RTX 3090 (noonghunna/club-3090)."""
    tokens = []
    for kv in ("auto", "int8_per_token_head"):
        request = PlanRequest(model="m", kv_cache_dtype=kv, context_length=8192)
        plan = make_plan(None, [weights("lab/m", llama())], machine("rtx-3090"), request, FACTS)
        assert plan.chosen is not None
        tokens.append(plan.chosen.kv_cache_tokens or 0)
    assert tokens[1] / tokens[0] == pytest.approx(2 / (1 + 4 / 128), rel=0.01)
