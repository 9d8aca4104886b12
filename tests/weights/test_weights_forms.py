"""Forms of one model: what is known of one and what may be concluded from it for another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.planning.machines import QWEN3_32B, llama, weights

from modelscan.model import WeightsDescription
from modelscan.selecting.known_here import with_shared_shape
from modelscan.units import GIB
from modelscan.weights.counting.bytes import parameter_count, weights_bytes

COUNT = 32_762_123_264
PACKED = 17_400_000_000  # of its four-bit files: two numbers of four bits in each number that is stored
RELEASE = weights("lab/model", QWEN3_32B)
UNCOUNTED = weights("lab/model", replace(QWEN3_32B, total_parameters=None))
NVFP4 = weights("maker/model-NVFP4", replace(QWEN3_32B, quant_bits=4, total_parameters=PACKED), "NVFP4")


def unknown(quantization: str | None, **changes: object) -> WeightsDescription:
    return weights(f"somebody/model-{quantization}", None, **{"quantization": quantization, **changes})  # type: ignore[arg-type]


def gib(item: WeightsDescription, quantization: str) -> float:
    sized = weights_bytes(item, quantization)
    assert sized is not None
    return round(sized.estimate / GIB, 1)


@pytest.mark.parametrize("quantization", ["BF16", "FP8", "INT8"])
def test_a_count_of_packed_files_is_not_lent_to_other_forms(quantization: str) -> None:
    """Gemma-4-26B in BF16 was 27 GiB instead of 48, from the count of its NVFP4 files."""
    _, borrowed = with_shared_shape((NVFP4, unknown(quantization)))
    assert borrowed.architecture is not None
    assert borrowed.architecture.total_parameters is None
    assert gib(borrowed, quantization) == pytest.approx(gib(RELEASE, quantization), rel=0.02)


def test_the_shape_of_unquantized_files_is_preferred_and_their_count_is_lent() -> None:
    lent = with_shared_shape((NVFP4, RELEASE, unknown("FP8")))[2]
    assert (lent.shape_from, lent.verified) == ("lab/model", False)
    assert lent.architecture is not None
    assert (lent.architecture.total_parameters, lent.architecture.quant_bits) == (COUNT, None)


def test_nothing_is_lent_to_files_of_unknown_form() -> None:
    assert with_shared_shape((RELEASE, unknown(None)))[1].architecture is None
    assert with_shared_shape((unknown("FP8"),)) == (unknown("FP8"),)


@pytest.mark.parametrize("quantization", ["BF16", "FP8", "NVFP4"])
def test_a_count_far_below_the_sum_of_the_shape_is_not_one_of_parameters(quantization: str) -> None:
    counted = weights("lab/model", replace(QWEN3_32B, total_parameters=PACKED), quantization)
    assert parameter_count(counted) == pytest.approx(COUNT, rel=0.01)
    assert gib(counted, quantization) == pytest.approx(gib(replace(UNCOUNTED, quantization=quantization), quantization))


def test_a_count_that_the_shape_explains_counts() -> None:
    assert parameter_count(weights("a/b", llama(total_parameters=8_030_261_248))) == 8_030_261_248
