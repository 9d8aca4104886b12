"""What a search says of a model's context is what a plan reaches at most."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Modelscan


@pytest.mark.parametrize(
    "model", ["alibaba/qwen3-32b", "meta-llama/llama-3.1-8b-instruct", "google/gemma-3-27b-it", "openai/gpt-oss-20b"]
)
def test_a_plan_reaches_the_context_that_a_search_shows(modelscan: Modelscan, model: str) -> None:
    found = modelscan("catalog", "search", model, "--limit", "1", "--json").json[0]
    planned = modelscan("plan", model, "--hardware", "8xb200", "--context-length", "max", "--json").json
    assert found["id"] == model
    assert found["native_context"] == planned["chosen"]["max_model_len"]
