"""A larger real model on a real vLLM: SmolLM2-135M-Instruct, deployed from its folder, knows the capital of France."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.end_to_end.conftest import ROOT, Run, runs

pytestmark = pytest.mark.slow


def test_the_capital_of_france(run: Run, modelscan: Callable[..., Any], tmp_path: Path) -> None:
    model = tmp_path / "smollm2-135m-instruct"
    run(str(ROOT / "scripts" / "real_models" / "smollm2.py"), str(model))
    try:
        deployment = modelscan("deploy", str(model), "--yes", "--name", "smollm2")
        assert (deployment["status"], deployment["host"]) == ("ready", "127.0.0.1")
        # In bfloat16 the same weights answer in broken French on a CPU.
        assert deployment["argv"][deployment["argv"].index("--dtype") + 1] == "float32"
        client = openai.OpenAI(base_url=deployment["openai_base_url"], api_key="none")
        answer = client.chat.completions.create(
            model="smollm2",
            messages=[{"role": "user", "content": "What is the capital of France?"}],
            max_tokens=30,
            temperature=0,
        )
        assert "Paris" in str(answer.choices[0].message.content)
    finally:
        run("-m", "modelscan", "remove", "smollm2", check=False)
    assert modelscan("list") == []
    assert not runs(deployment["pid"])
