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


@pytest.mark.parametrize(
    ("name", "form", "model"),
    [
        ("mlx-community/DeepSeek-V3.2-4bit", "MLX", "deepseek-ai/deepseek-v3.2"),
        ("lmstudio-community/Qwen3-8B-MLX-8bit", "MLX", "qwen/qwen3-8b"),
    ],
)
def test_a_form_that_no_backend_loads_is_refused_by_name(
    modelscan: Modelscan, name: str, form: str, model: str
) -> None:
    """Without a network it was planned with the shape of its model, and vLLM would have ended."""
    ran = modelscan("--offline", "plan", name, "--hardware", "8xb200", "--context-length", "8192", "--json")
    assert (ran.status, ran.error["message"]) == (3, f"`{name}` is by its name in {form}, which no backend here loads")
    [hint] = ran.error["hints"]
    assert hint.endswith(f"modelscan plan {model} --context-length 8192 --hardware 8xb200")


def test_the_arithmetic_says_whose_shape_it_is(modelscan: Modelscan) -> None:
    ran = modelscan("--offline", "plan", "unsloth/Qwen3.8-27B-NVFP4", "--hardware", "h100-80gb", "--explain")
    told = " ".join((ran.stdout + ran.stderr).split())
    assert "the shape of Qwen/Qwen3.8-27B, as the files of unsloth/Qwen3.8-27B-NVFP4 are unknown" in told


def test_nothing_is_lent_to_a_repo_of_an_unknown_model(modelscan: Modelscan) -> None:
    assert modelscan("--offline", "plan", "nobody/Unknown-7B-AWQ", "--hardware", "h100-80gb").status == 6


@pytest.mark.parametrize("form", ["AWQ", "INT4"])
def test_a_form_by_the_word_of_the_catalog(modelscan: Modelscan, form: str) -> None:
    """`--quantization AWQ` said: no weights in AWQ are known; known: AWQ."""
    ran = modelscan("--offline", "plan", "qwen3.6-27b", "--hardware", "rtx-5090", "--quantization", form, "--json")
    chosen = ran.json["chosen"]
    assert chosen["quantization"] == "INT4"
    assert form == "INT4" or "AWQ" in chosen["repo_id"]


def test_the_model_itself_in_another_format_comes_before_all_else(modelscan: Modelscan) -> None:
    """vllm-project/vllm#41695: FP8 of 27 billion on one RTX 5090."""
    ran = modelscan("--offline", "plan", "Qwen/Qwen3.6-27B-FP8", "--hardware", "rtx-5090", "--json")
    assert ran.status == 4
    hints = ran.error["hints"]
    assert hints[0] == "the same model in another format: modelscan plan alibaba/qwen3.6-27b --hardware rtx-5090"
    assert not any("smaller" in hint for hint in hints)
    [rejection] = ran.json["rejected"]
    total = ran.json["hardware"]["devices"][0]["memory_total_bytes"]
    assert rejection["needed_bytes"] > rejection["available_bytes"] > 0.93 * total  # the largest share, not 0.92


def test_no_old_model_is_offered_in_place_of_a_new_one(modelscan: Modelscan) -> None:
    ran = modelscan("--offline", "plan", "qwen/qwen3.8-27b", "--hardware", "rtx-3060", "--json")
    smaller = [hint for hint in ran.error["hints"] if hint.startswith("a smaller model")]
    assert smaller
    assert not any("qwen1.5" in hint or "qwen2" in hint for hint in smaller)
