"""Quantized repos by name: planned offline with the shape of their model, and never left out for their own format."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Modelscan


@pytest.mark.parametrize(
    ("name", "hardware", "form"),
    [
        ("Qwen/Qwen2.5-72B-Instruct-GPTQ-Int8", "2xh100-80gb", "INT8"),
        ("RedHatAI/Qwen3-14B-FP8-dynamic", "h100-80gb", "FP8"),
        ("cpatonn/Qwen3-Coder-30B-A3B-Instruct-GPTQ-4bit", "rtx-5090", "INT4"),
        ("unsloth/Qwen3.8-27B-NVFP4", "h100-80gb", "NVFP4"),
    ],
)
def test_a_named_repo_of_a_known_model_is_planned_offline(
    modelscan: Modelscan, name: str, hardware: str, form: str
) -> None:
    ran = modelscan("--offline", "plan", name, "--hardware", hardware, "--json")
    assert ran.status == 0, ran.stderr
    assert (ran.json["chosen"]["repo_id"], ran.json["chosen"]["quantization"]) == (name, form)


def test_it_says_whose_shape_it_is(modelscan: Modelscan) -> None:
    ran = modelscan("--offline", "plan", "RedHatAI/Qwen3-14B-FP8-dynamic", "--hardware", "h100-80gb")
    assert (
        "the hub cannot be asked about `RedHatAI/Qwen3-14B-FP8-dynamic`, so it is planned with the shape of Qwen/Qwen3-14B"
        in ran.stderr
    )


def test_nothing_is_lent_to_a_repo_of_an_unknown_model(modelscan: Modelscan) -> None:
    assert modelscan("--offline", "plan", "nobody/Unknown-7B-AWQ", "--hardware", "h100-80gb").status == 6


@pytest.mark.parametrize("form", ["AWQ", "INT4"])
def test_a_form_by_the_word_of_the_catalog(modelscan: Modelscan, form: str) -> None:
    """`--quantization AWQ` said: no weights in AWQ are known; known: AWQ."""
    ran = modelscan("--offline", "plan", "qwen3.6-27b", "--hardware", "rtx-5090", "--quantization", form, "--json")
    assert ran.json["chosen"]["repo_id"] == "QuantTrio/Qwen3.6-27B-AWQ"
