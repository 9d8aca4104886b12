"""Repos that draft for another model, named as if they were one: whose they are, and the command for both."""

from __future__ import annotations

from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan


def test_a_known_drafter(modelscan: Modelscan) -> None:
    """It was looked for on the hub as a model."""
    ran = modelscan("--offline", "plan", "z-lab/gpt-oss-20b-DFlash", "--hardware", "h100-80gb")
    assert ran.status == 3
    assert ran.stderr == snapshot("""\
error: `z-lab/gpt-oss-20b-DFlash` is a drafter: it speeds up `openai/gpt-oss-20b` and cannot run alone
  modelscan plans no second model beside another yet
hint: plan that model: modelscan plan openai/gpt-oss-20b --hardware h100-80gb
hint: serve both with vLLM itself: vllm serve openai/gpt-oss-20b --speculative-config '{"method":"dflash","model":"z-lab/gpt-oss-20b-DFlash","num_speculative_tokens":15}'
hint: serve both with SGLang itself: sglang serve --model-path openai/gpt-oss-20b --speculative-algorithm DFLASH --speculative-draft-model-path z-lab/gpt-oss-20b-DFlash
""")


def test_a_drafter_by_its_name(modelscan: Modelscan) -> None:
    ran = modelscan("--offline", "plan", "someone/Qwen3-8B-EAGLE3", "--hardware", "h100-80gb")
    assert ran.status == 3
    assert ran.stderr == snapshot("""\
error: `someone/Qwen3-8B-EAGLE3` is a drafter: it speeds up `qwen/qwen3-8b` and cannot run alone
  so says its name
  modelscan plans no second model beside another yet
hint: plan that model: modelscan plan qwen/qwen3-8b --hardware h100-80gb
""")


def test_a_drafter_in_words_names_one_of_that_kind(modelscan: Modelscan) -> None:
    ran = modelscan("--offline", "plan", "qwen3.6 35b a3b dflash", "--hardware", "h100-80gb", "--json")
    assert (ran.status, ran.error["details"]["reason"]) == (3, "draft_head")
    assert any("z-lab/Qwen3.6-35B-A3B-DFlash" in hint for hint in ran.error["hints"])


def test_what_a_name_cannot_say(modelscan: Modelscan) -> None:
    """A model with such layers of its own, one called Eagle, GGUF with the model's own layers."""
    for name in ("deepseek-ai/DeepSeek-V4-Flash-DSpark", "nvidia/Eagle2.5-8B", "unsloth/Qwen3.6-27B-GGUF-MTP"):
        assert modelscan("--offline", "plan", name, "--hardware", "h100-80gb").status == 6
