"""What is said of the longest context agrees with itself: a search, a plan, `max`, a hint, and what is asked for."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from tests.cli.conftest import Modelscan, Ran

_STEP = 1024  # in which the longest is searched
# Dense, experts, windows, latent attention, states beside a cache, compressor states; what is short of memory and not.
_MODELS = (
    "qwen/qwen3-32b",
    "qwen/qwen3-30b-a3b",
    "google/gemma-3-27b-it",
    "openai/gpt-oss-120b",
    "deepseek-ai/deepseek-v4-flash",
    "zai-org/glm-4.7-flash",
    "alibaba/qwen3.6-27b",
    "qwen/qwen3-vl-8b-instruct",
    "meta-llama/llama-4-scout-17b-16e-instruct",
    "ibm-granite/granite-4.0-h-small",
    "moonshotai/kimi-k2-instruct",
)
_MACHINES = (
    *("rtx-4090", "2xrtx-3090", "2xh20", "mi300x", "8xh100-80gb"),
    *("t4", "gb10", "r9700", "rtx-5090", "4xrtx-3090", "l40s", "cpu:64gb"),
)
_QUICK = (
    ("deepseek-ai/deepseek-v4-flash", "2xh20"),
    ("qwen/qwen3-vl-8b-instruct", "rtx-4090"),
    ("meta-llama/llama-4-scout-17b-16e-instruct", "mi300x"),
    ("alibaba/qwen3.6-27b", "2xrtx-3090"),
    ("google/gemma-3-27b-it", "rtx-5090"),
)


@pytest.mark.parametrize(
    "model", ["alibaba/qwen3-32b", "meta-llama/llama-3.1-8b-instruct", "google/gemma-3-27b-it", "openai/gpt-oss-20b"]
)
def test_a_plan_reaches_the_context_that_a_search_shows(modelscan: Modelscan, model: str) -> None:
    found = modelscan("catalog", "search", model, "--limit", "1", "--json").json[0]
    planned = modelscan("plan", model, "--hardware", "8xb200", "--context-length", "max", "--json").json
    assert found["id"] == model
    assert found["native_context"] == planned["chosen"]["max_model_len"]


@pytest.mark.parametrize(("model", "machine"), _QUICK)
def test_what_max_finds_passes_and_the_next_step_does_not(modelscan: Modelscan, model: str, machine: str) -> None:
    _agrees(modelscan, model, machine)


@pytest.mark.slow
@pytest.mark.parametrize("model", _MODELS)
@pytest.mark.parametrize("machine", _MACHINES)
def test_it_agrees_for_every_kind_of_model_and_machine(modelscan: Modelscan, model: str, machine: str) -> None:
    _agrees(modelscan, model, machine)


def _agrees(modelscan: Modelscan, model: str, machine: str) -> None:
    def plan(*options: str) -> Ran:
        return modelscan("--offline", "plan", model, "--hardware", machine, "--json", *options)

    usual, longest = plan(), plan("--context-length", "max")
    assert usual.status == longest.status
    if longest.status:
        return
    chosen: dict[str, Any] = longest.json["chosen"]
    length = chosen["max_model_len"]
    assert plan("--context-length", str(length)).json["chosen"]["max_model_len"] == length
    [why] = [reason for reason in chosen["reasons"] if reason.startswith("context: ")]
    [usually] = [reason for reason in usual.json["chosen"]["reasons"] if reason.startswith("context: ")]
    said = re.findall(r"; up to ([\d,]+)", usually)
    assert said in ([], [f"{length:,}"])
    if length == usual.json["chosen"]["max_model_len"]:
        assert not said
    if why.endswith("the model's limit"):
        return
    # Of this backend: another, which is weighed where it has none, may still hold some more with a part on the host.
    further = plan("--context-length", str(length - length % _STEP + _STEP), "--backend", chosen["backend"])
    assert further.status == 4
    hinted = [hint for hint in further.json["hints"] if hint.startswith("a shorter context: ")]
    assert [shlex.split(hint)[shlex.split(hint).index("--context-length") + 1] for hint in hinted] in (
        [],
        [str(length)],
    )
