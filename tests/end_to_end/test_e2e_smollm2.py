"""A larger real model on a real vLLM: SmolLM2-135M-Instruct, deployed from its folder, knows the capital of France."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(home: Path) -> Run:
    """A program to its end, as a user runs it, with the user's own pip configuration and package caches."""
    own_home = {"HOME": pwd.getpwuid(os.getuid()).pw_dir, "PYTHONPATH": str(ROOT / "src")}

    def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *arguments], env={**os.environ, **own_home}, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done

    return run


def ask(base_url: str, model: str, question: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": question}], "max_tokens": 30, "temperature": 0}
    request = urllib.request.Request(  # noqa: S310  loopback, from our own record
        f"{base_url}/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
        answer: Any = json.load(response)
    return str(answer["choices"][0]["message"]["content"])


def runs(pid: int) -> bool:
    """Whether the process runs; one that ended and that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_capital_of_france(run: Run, tmp_path: Path) -> None:
    model = tmp_path / "smollm2-135m-instruct"
    run("-m", "modelscan", "backend", "install", "vllm")
    run(str(ROOT / "scripts" / "real_models" / "smollm2.py"), str(model))
    try:
        done = run("-m", "modelscan", "deploy", str(model), "--json", "--yes", "--name", "smollm2")
        assert done.stderr == ""
        deployment = json.loads(done.stdout)
        assert deployment["status"] == "ready"
        assert deployment["host"] == "127.0.0.1"
        # In bfloat16 the same weights answer in broken French on a CPU.
        assert deployment["argv"][deployment["argv"].index("--dtype") + 1] == "float32"
        for name in deployment["served_model_names"]:
            assert "Paris" in ask(deployment["openai_base_url"], name, "What is the capital of France?")
    finally:
        run("-m", "modelscan", "stop", "smollm2", check=False)
        run("-m", "modelscan", "remove", "smollm2", "--yes", check=False)
    listed = json.loads(run("-m", "modelscan", "list", "--json").stdout)
    assert listed == []
    assert not runs(deployment["pid"])
