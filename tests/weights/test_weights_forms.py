"""Forms of one model: what is known of one and what may be concluded from it for another."""

from __future__ import annotations

import pytest
from tests.planning.machines import FACTS, QWEN3_32B, llama, machine, model, weights

from modelscan.catalog.naming.names import without_quantization, words
from modelscan.dataclasses import replace
from modelscan.hubs.families import shipped_families
from modelscan.model import PlanRequest, Spec, WeightsDescription
from modelscan.planning.decide.planner import make_plan
from modelscan.planning.options.quantization import own_quantization
from modelscan.planning.options.recipe_minimum import below_minimum
from modelscan.selecting.known_here import with_shared_shape
from modelscan.storage.shipped import shipped_text
from modelscan.units import GIB
from modelscan.weights.counting.bytes import parameter_count, weights_bytes
from modelscan.weights.reading.shipped import describe_shipped

SHAPES = shipped_text("architectures.json")
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


@pytest.mark.parametrize(
    ("gpus", "each", "maker"),
    [(2, 12.02, "Inferact"), (2, 10.64, "unsloth"), (1, 24.04, "Inferact")],
)
def test_bounds_of_others_four_bit_floats_hold_what_was_measured(gpus: int, each: float, maker: str) -> None:
    """vllm-project/recipes#810: weights on each RTX 5090; with every matrix in four bits it would be 9.30."""
    release = describe_shipped("Qwen/Qwen3.8-27B", "huggingface", SHAPES, shipped_families())
    assert release is not None
    form = with_shared_shape((release, unknown("NVFP4")))[1]
    sized = weights_bytes(form, "NVFP4", tensor_parallel=gpus)
    assert sized is not None
    assert sized.low <= each * GIB <= sized.high, maker


def test_bounds_are_those_of_the_files_where_these_say_what_is_quantized() -> None:
    own = replace(NVFP4, architecture=replace(QWEN3_32B, quant_bits=4))
    known, borrowed = (weights_bytes(item, "NVFP4") for item in (own, replace(own, shape_from="lab/model")))
    assert known is not None
    assert borrowed is not None
    assert known.high - known.low < borrowed.high - borrowed.low


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Qwen/Qwen2.5-72B-Instruct-GPTQ-Int8", "INT8"),
        ("lab/Model-7B-8bit-GPTQ", "INT8"),
        ("lab/Model-7B-GPTQ-8bit", "INT8"),
        ("lab/Model-7B-AWQ-W8A16", "INT8"),
        ("lab/Model-7B-GPTQ-Int4", "GPTQ"),
        ("lab/Model-7B-4bit-AWQ", "AWQ"),
        ("lab/Model-7B-Int8-FP8", "INT8"),
    ],
)
def test_gptq_of_eight_bits_is_not_of_four(name: str, form: str) -> None:
    assert without_quantization(words(name))[1] == form


def test_gptq_of_a_catalog_has_the_bits_of_its_files() -> None:
    eight = weights("lab/model-8", replace(QWEN3_32B, quant_bits=8, quant_method="gptq"), "GPTQ")
    four = weights("lab/model-4", replace(QWEN3_32B, quant_bits=None), "GPTQ")
    assert (own_quantization(eight), own_quantization(four)) == ("INT8", "INT4")


@pytest.mark.parametrize(("asked", "there"), [("AWQ", "AWQ"), ("GPTQ", "GPTQ"), ("AWQ", "INT4"), ("INT4", "AWQ")])
def test_awq_and_gptq_are_found_by_a_catalogs_word_as_by_the_files(asked: str, there: str) -> None:
    stored = "awq" if there == "INT4" else None
    form = with_shared_shape((RELEASE, unknown(there, format=stored)))[1]
    plan = make_plan(None, [RELEASE, form], machine("h100-80gb"), PlanRequest(model="m", quantization=asked), FACTS)
    assert plan.chosen is not None
    assert (plan.chosen.repo_id, plan.chosen.quantization) == (form.repo_id, "INT4")


@pytest.mark.parametrize(
    ("spec", "fits"),
    [("rtx-3090", False), ("rtx-5090", True), ("2xrtx-3090", True), ("h100-80gb", True)],
)
def test_the_memory_that_a_recipe_names_is_a_floor_where_sizes_are_not_exact(spec: str, *, fits: bool) -> None:
    small = weights("lab/small", llama())
    form = with_shared_shape((small, unknown("NVFP4")))[1]
    recipe = Spec(source="vllm-recipes", backend="vllm", repo_id=form.repo_id, extra={"vram_minimum_gb": 32})
    entry = model("lab/small", small, specs=(recipe,))
    plan = make_plan(entry, [form], machine(spec), PlanRequest(model="lab/small"), FACTS)
    assert plan.feasible is fits
    if not fits:
        [rejection] = plan.rejected
        assert rejection.code == "no_memory"
        assert rejection.reason == (
            "vllm-recipes names at least 32 GB of GPU memory for `somebody/model-NVFP4`, and there are 24 GB"
        )
    read = make_plan(entry, [replace(form, shape_from=None)], machine(spec), PlanRequest(model="lab/small"), FACTS)
    assert read.feasible


def test_a_recipes_floor_is_of_the_weights_it_is_for() -> None:
    form = with_shared_shape((RELEASE, unknown("NVFP4")))[1]
    gpus = machine("rtx-3090").devices
    elsewhere = Spec(source="vllm-recipes", backend="vllm", repo_id="lab/other", extra={"vram_minimum_gb": 900})
    silent = Spec(source="vllm-recipes", backend="vllm", repo_id=form.repo_id)
    assert below_minimum(form, [elsewhere, silent], gpus) is None


def test_what_a_recipe_says_is_enough_bounds_the_weights() -> None:
    """nvidia/Llama-3.3-70B-Instruct-NVFP4 has every matrix in four bits: its recipe asks for 42 GB."""
    form = with_shared_shape((RELEASE, unknown("NVFP4")))[1]
    bare, wide, narrow = (
        weights_bytes(replace(form, shape_from=shape_from), "NVFP4", at_most=at_most)
        for shape_from, at_most in ((None, None), ("lab/model", 100 * GIB), ("lab/model", 18 * GIB))
    )
    assert bare == narrow
    assert wide is not None
    assert narrow is not None
    assert wide.high > narrow.high


def test_a_stage_of_a_pipeline_has_the_bytes_of_its_layers() -> None:
    whole, half, quarter = (
        weights_bytes(RELEASE, "BF16", pipeline_parallel=stages, stage_layers=layers)
        for stages, layers in ((1, None), (2, None), (2, 16))
    )
    assert whole is not None
    assert half is not None
    assert quarter is not None
    assert quarter.estimate < half.estimate < whole.estimate
    assert weights_bytes(RELEASE, "BF16", pipeline_parallel=2, stage_layers=32) == half
