"""Which files of a repo are fetched: one copy of the weights, and all that goes with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.weights.reading.selection import OWN_FORM, needed_files, only_gguf, only_pickles

NAMES = st.lists(
    st.builds(
        lambda folder, stem, suffix: f"{folder}{stem}{suffix}",
        st.sampled_from(["", "original/", "2_Dense/", "onnx/", "text_encoder/"]),
        st.sampled_from(["model", "model-00001-of-00002", "pytorch_model", "consolidated", "adapter_model", "x"]),
        st.sampled_from([".safetensors", ".safetensors.index.json", ".bin", ".bin.index.json", ".pt", ".pth", ".gguf", ".json"]),
    ),
    unique=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("names", "needed"),
    [
        (["model.safetensors", "pytorch_model.bin", "model.onnx"], ["model.safetensors"]),
        (["pytorch_model.bin", "pytorch_model.bin.index.json", "x.pt"], ["pytorch_model.bin", "pytorch_model.bin.index.json"]),
        (["model.pt", "config.json"], ["model.pt", "config.json"]),
        (["model.safetensors", "2_Dense/pytorch_model.bin"], ["model.safetensors", "2_Dense/pytorch_model.bin"]),
        (["adapter_model.safetensors", "pytorch_model.bin"], ["pytorch_model.bin"]),
        (["consolidated.safetensors", "params.json", "tekken.json"], ["consolidated.safetensors", "params.json", "tekken.json"]),
        (["consolidated.safetensors.index.json", "model.safetensors"], ["model.safetensors"]),
        (["model.safetensors", "training_args.bin", "optimizer.pt", "runs/1/events"], ["model.safetensors"]),
        (["chat_template.jinja", "tokenizer.model", "modeling_x.py", "preprocessor_config.json", "photo.png"],
         ["chat_template.jinja", "tokenizer.model", "modeling_x.py", "preprocessor_config.json"]),
    ],
)  # fmt: skip
def test_what_is_needed(names: list[str], needed: list[str]) -> None:
    assert list(needed_files(names)) == needed


OWN = ["config.json", "consolidated.safetensors", "params.json", "tekken.json"]
COMMON = ["model.safetensors", "model.safetensors.index.json", "config.json"]


@pytest.mark.parametrize(
    ("names", "form", "needed"),
    [
        ([*OWN, *COMMON[:2], "tokenizer.json"], OWN_FORM, [*OWN, "tokenizer.json"]),
        ([*OWN[1:], *COMMON, "tokenizer.json"], None, [*OWN[2:], *COMMON, "tokenizer.json"]),
        ([*OWN, *COMMON[:2]], None, OWN),  # the tokenizer comes in that form only
        ([*OWN, *COMMON[:2], "tokenizer_config.json"], None, [*OWN, "tokenizer_config.json"]),
        (COMMON, OWN_FORM, COMMON),  # there is no such copy
        ([*OWN, "pytorch_model.bin"], OWN_FORM, OWN),
    ],
)
def test_the_vendors_own_copy_where_the_backend_loads_it(names: list[str], form: str | None, needed: list[str]) -> None:
    assert list(needed_files(names, form=form)) == needed


@given(NAMES)
def test_one_format_in_each_folder(names: list[str]) -> None:
    needed = needed_files(names)
    assert set(needed) <= set(names)
    assert needed_files(needed) == needed
    for folder in {name.rpartition("/")[0] for name in needed}:
        kinds = {name.rpartition(".")[2] for name in needed if name.rpartition("/")[0] == folder} & {
            "safetensors",
            "bin",
            "pt",
        }
        assert len(kinds) <= 1
    if any(name.endswith(".safetensors") and "adapter" not in name for name in names if "/" not in name):
        assert any(name.endswith(".safetensors") for name in needed)


@pytest.mark.parametrize(
    ("names", "pickles", "gguf"),
    [
        (["model.safetensors", "pytorch_model.bin"], False, False),
        (["pytorch_model.bin", "config.json"], True, False),
        (["consolidated.00.pth"], True, False),
        (["a-Q4.gguf", "config.json"], False, True),
        (["config.json", "training_args.bin"], False, False),
    ],
)
def test_what_the_weights_are(names: list[str], pickles: bool, gguf: bool) -> None:
    assert (only_pickles(names), only_gguf(names)) == (pickles, gguf)
