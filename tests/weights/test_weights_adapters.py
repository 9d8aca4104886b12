"""What an adapter is, by the header of its matrices; and what is kept free for some."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.model import Architecture
from modelscan.weights.counting.adapters import adapter_numbers
from modelscan.weights.reading.adapters import beyond_lora, peft_matrices

SHAPE = Architecture(
    num_hidden_layers=32, hidden_size=4096, intermediate_size=14336, num_attention_heads=32, num_key_value_heads=8,
    head_dim=128, vocab_size=128256,
)  # fmt: skip
NAME = "base_model.model.model.layers.{layer}.{module}.lora_{half}.weight"


def header(pairs: dict[tuple[int, str], tuple[int, int, int]]) -> dict[str, Any]:
    """By layer and module: input, rank, output."""
    found: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    for (layer, module), (inner, rank, outer) in pairs.items():
        found[NAME.format(layer=layer, module=module, half="A")] = {"shape": [rank, inner]}
        found[NAME.format(layer=layer, module=module, half="B")] = {"shape": [outer, rank]}
    return found


def test_the_matrices_say_of_which_model_they_are() -> None:
    found = peft_matrices(
        header({(0, "self_attn.q_proj"): (4096, 16, 4096), (31, "mlp.down_proj"): (14336, 64, 4096),
                (7, "mlp.gate_proj"): (4096, 8, 14336)})
    )  # fmt: skip
    assert (found.rank, found.layers, found.width, found.inner_width) == (64, 32, 4096, 14336)
    assert found.modules == ("down_proj", "gate_proj", "q_proj")
    assert found.parameters == 16 * 8192 + 64 * 18432 + 8 * 18432


def test_those_of_a_tower_say_nothing_of_the_width() -> None:
    tower = "base_model.model.visual.layers.40.attn.q_proj.lora_A.weight"
    found = peft_matrices(header({(1, "self_attn.q_proj"): (64, 8, 64)}) | {tower: {"shape": [8, 1280]}})
    assert (found.layers, found.width) == (2, 64)


def test_a_header_without_any_is_refused() -> None:
    with pytest.raises(ValueError, match="no matrices of a LoRA"):
        peft_matrices({"model.embed_tokens.weight": {"shape": [8, 8]}})


def test_what_plain_lora_does_not_have() -> None:
    assert beyond_lora({"r": 8, "bias": "none", "modules_to_save": None, "init_lora_weights": True}) == ()
    assert beyond_lora({"use_dora": True, "modules_to_save": ["lm_head"], "init_lora_weights": "pissa_niter_4"}) == (
        "use_dora",
        "modules_to_save",
        "init_lora_weights=pissa_niter_4",
    )


def test_beside_every_matrix() -> None:
    """Counted by hand: q and o have 4096 on both sides, k and v 1024 on one, each of three of the MLP 14336."""
    found = adapter_numbers(SHAPE)
    assert found is not None
    assert found.layers == 32 * (2 * 8192 + 2 * (4096 + 1024) + 3 * (4096 + 14336))
    assert found.experts == 0


@given(st.sampled_from([1, 2, 4, 8]), st.sets(st.sampled_from(["q_proj", "k_proj", "o_proj", "up_proj", "down_proj"])))
def test_dividing_and_leaving_out_never_takes_more(over: int, modules: set[str]) -> None:
    whole, part = adapter_numbers(SHAPE), adapter_numbers(SHAPE, tensor_parallel=over, modules=modules)
    assert whole is not None
    assert part is not None
    assert part.layers <= whole.layers
    assert part.head <= whole.head
