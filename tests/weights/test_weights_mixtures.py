"""Mixed quantizations: read group by group, counted in each scheme, named for what most weights are in."""

from __future__ import annotations

from typing import Any

import pytest
from tests.planning.machines import FACTS, machine, weights

from modelscan.hubs.families import shipped_families
from modelscan.model import Architecture, PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.units import GIB
from modelscan.weights.counting.bytes import weights_bytes
from modelscan.weights.counting.mixtures import sorts_of
from modelscan.weights.counting.tensors import parameters_per_gpu, schemes_of
from modelscan.weights.reading.quantization import quantization_of, read_quantization
from modelscan.weights.reading.shape import read_architecture

LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 4, "hidden_size": 1024,
    "intermediate_size": 4096, "num_attention_heads": 16, "num_key_value_heads": 4, "vocab_size": 32000,
    "tie_word_embeddings": False, "dtype": "bfloat16",
}  # fmt: skip
ATTENTION = 4 * (2 * 1024 * 1024 + 2 * 1024 * 256)
MLP = 4 * 3 * 1024 * 4096
MOE = {**LLAMA, "model_type": "qwen3_moe", "num_experts": 16, "num_experts_per_tok": 2, "moe_intermediate_size": 1024}


def modelopt(**layers: str) -> dict[str, Any]:
    """As `hf_quant_config.json` lists it: each layer of each of four blocks."""
    listed = {
        f"model.layers.{number}.{part}.{name}": {"quant_algo": algorithm}
        for part, algorithm in layers.items()
        for number in range(4)
        for name in (("q_proj", "k_proj", "v_proj", "o_proj") if part == "self_attn" else ("gate_proj", "up_proj", "down_proj"))
    }  # fmt: skip
    return {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION", "quantized_layers": listed}


def compressed(*groups: tuple[dict[str, Any], list[str]], **values: Any) -> dict[str, Any]:
    named = {f"group_{n}": {"weights": scheme, "targets": targets} for n, (scheme, targets) in enumerate(groups)}
    return {"quant_method": "compressed-tensors", "format": "mixed-precision", "config_groups": named, **values}


FP8 = {"type": "float", "num_bits": 8}
NVFP4 = {"type": "float", "num_bits": 4, "group_size": 16}
INT4 = {"type": "int", "num_bits": 4, "group_size": 128}
INT8 = {"type": "int", "num_bits": 8}


def shape_of(quantization: dict[str, Any], config: dict[str, Any] = LLAMA) -> Architecture:
    return read_architecture({**config, "quantization_config": quantization}, shipped_families())


def counts(quantization: dict[str, Any]) -> tuple[float, float, float]:
    """Matrices in the scheme of most, of four bits beside eight, of eight bits beside four."""
    found = parameters_per_gpu(shape_of(quantization))
    assert found is not None
    return found.linear, found.packed, found.eight


@pytest.mark.parametrize(
    ("quantization", "name", "expected"),
    [
        (modelopt(mlp="NVFP4", self_attn="FP8"), "NVFP4", (MLP, 0, ATTENTION)),
        (modelopt(mlp="W4A16_NVFP4", self_attn="FP8"), "NVFP4", (MLP, 0, ATTENTION)),
        (modelopt(mlp="FP8", self_attn="NVFP4"), "FP8", (MLP, ATTENTION, 0)),
        (modelopt(mlp="NVFP4"), "NVFP4", (MLP, 0, 0)),
        (compressed((FP8, ["re:.*self_attn.*"]), (NVFP4, ["re:.*mlp.*"])), "NVFP4", (MLP, 0, ATTENTION)),
        (compressed((FP8, ["re:.*[qkvo]_proj"]), (NVFP4, ["Linear"])), "NVFP4", (MLP, 0, ATTENTION)),
        (
            compressed((INT8, ["re:.*down_proj.*"]), (INT4, ["re:.*(gate|up)_proj.*"])),
            "INT4",
            (MLP * 2 / 3, 0, MLP / 3),
        ),
        (compressed((NVFP4, ["Linear"]), (FP8, ["re:.*mlp.*"]), ignore=["re:.*self_attn.*"]), "FP8", (MLP, 0, 0)),
    ],
)
def test_each_group_is_counted_in_its_scheme(quantization: dict[str, Any], name: str, expected: object) -> None:
    shape = shape_of(quantization)
    assert quantization_of({"quantization_config": quantization}, {}, shape) == name
    assert counts(quantization) == pytest.approx(expected)


def test_what_no_group_names_stays_in_16_bit() -> None:
    mixed, plain = (
        parameters_per_gpu(shape_of(item)) for item in (modelopt(mlp="NVFP4"), modelopt(mlp="NVFP4", self_attn="FP8"))
    )
    assert mixed is not None
    assert plain is not None
    assert mixed.plain - plain.plain == ATTENTION
    assert mixed.checkpoint == plain.checkpoint


def test_layers_that_a_group_names_count_each() -> None:
    layers = modelopt(mlp="NVFP4")
    kept = {name: what for name, what in layers["quantized_layers"].items() if ".0." not in name}
    assert counts({**layers, "quantized_layers": kept}) == pytest.approx((MLP * 3 / 4, 0, 0))


def test_experts_and_the_rest_of_them_are_told_apart() -> None:
    shape = shape_of(compressed((FP8, ["re:.*self_attn.*"]), (NVFP4, ["re:.*mlp.experts.*"])), MOE)
    assert schemes_of(shape) == ("NVFP4", "FP8")


def test_its_bytes_are_those_of_each_scheme() -> None:
    quantization = modelopt(mlp="NVFP4", self_attn="FP8")
    sized = weights_bytes(weights("lab/m", shape_of(quantization), "NVFP4"), "NVFP4")
    only = weights_bytes(
        weights("lab/m", shape_of({"quant_method": "modelopt", "quant_algo": "NVFP4"}), "NVFP4"), "NVFP4"
    )
    assert sized is not None
    assert only is not None
    assert sized.estimate - only.estimate == pytest.approx(ATTENTION * (1 - 0.5625), rel=0.01)


def test_a_summary_is_told_by_the_count_of_stored_numbers() -> None:
    """nvidia/Qwen3.6-27B-NVFP4 ships as \"FP8 for all\" with 18.2 of 27.4 billion numbers: four bits are most of it."""
    whole = parameters_per_gpu(shape_of({}))
    assert whole is not None
    stored = int(whole.checkpoint - MLP * (1 - 0.5625))
    summary = {
        "quant_method": "modelopt",
        "quant_algo": "MIXED_PRECISION",
        "quantized_layers": {"*": {"quant_algo": "FP8"}},
    }
    shape = shape_of(summary, {**LLAMA, "total_parameters": stored})
    assert schemes_of(shape) == ("NVFP4", "FP8")
    found = parameters_per_gpu(shape, 2)
    assert found is not None
    assert (found.linear, found.eight) == pytest.approx((MLP / 2, ATTENTION / 2), rel=0.001)
    assert schemes_of(shape_of(summary)) == ("FP8",)


def test_the_plan_says_what_is_mixed() -> None:
    form = weights("lab/m-NVFP4", shape_of(modelopt(mlp="NVFP4", self_attn="FP8")), "NVFP4", format="modelopt")
    plan = make_plan(None, [form], machine("rtx-5090"), PlanRequest(model="m", quantization="NVFP4"), FACTS)
    assert plan.chosen is not None
    assert plan.chosen.reasons[0].startswith("quantization: NVFP4 mixed with FP8, ")
    assert plan.chosen.memory_per_gpu.weights_bytes < GIB


@pytest.mark.parametrize(
    ("module", "sorts"),
    [
        ("model.layers.0.self_attn.q_proj", {"attention"}),
        ("model.language_model.layers.3.linear_attn.in_proj_qkv", {"state"}),
        ("backbone.layers.4.mixer.in_proj", {"state"}),
        ("model.layers.3.mlp.experts.17.down_proj", {"experts"}),
        ("model.layers.3.mlp.shared_experts.down_proj", {"dense"}),
        ("re:.*mlp.*", {"dense", "experts"}),
        ("re:.*mlp.shared_expert.*", {"dense"}),
        ("re:.*(q|k|v|o)_proj.*", {"attention"}),
        ("mtp.layers.0.mlp.up_proj", set()),
        ("model.visual.blocks.0.attn.qkv", set()),
        ("lm_head", {"head"}),
        ("Linear", set()),
        ("(a+)+$" * 1000, set()),
    ],
)
def test_what_a_module_is_for(module: str, sorts: set[str]) -> None:
    assert sorts_of(module) == sorts


@pytest.mark.parametrize(
    "damaged",
    [
        {"quantized_layers": {"a": 3, "b": None}, "quant_algo": "MIXED_PRECISION"},
        {"quantized_layers": [], "config_groups": {"g": {"weights": [], "targets": 3}}},
        {"config_groups": {"g": {"weights": {"type": 3, "num_bits": "x"}}, "h": []}},
        {"config_groups": [1, 2]},
    ],
)
def test_damaged_groups_are_none(damaged: dict[str, Any]) -> None:
    assert read_quantization({"quantization_config": damaged}).groups == ()
