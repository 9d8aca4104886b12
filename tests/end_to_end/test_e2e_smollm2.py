"""A larger real model on a real vLLM: SmolLM2-135M-Instruct, deployed from its folder, knows the capital of France."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.conftest import ROOT, Run, ask, runs

pytestmark = pytest.mark.slow


def test_the_capital_of_france(run: Run, modelscan: Callable[..., Any], tmp_path: Path) -> None:
    model = tmp_path / "smollm2-135m-instruct"
    run(str(ROOT / "scripts" / "real_models" / "smollm2.py"), str(model))
    try:
        deployment = modelscan("deploy", str(model), "--yes", "--name", "smollm2")
        assert (deployment["status"], deployment["host"]) == ("ready", "127.0.0.1")
        # In bfloat16 the same weights answer in broken French on a CPU.
        assert deployment["argv"][deployment["argv"].index("--dtype") + 1] == "float32"
        assert "Paris" in ask(deployment, "What is the capital of France?", max_tokens=30)
    finally:
        run("-m", "modelscan", "remove", "smollm2", check=False)
    assert modelscan("list") == []
    assert not runs(deployment["pid"])
