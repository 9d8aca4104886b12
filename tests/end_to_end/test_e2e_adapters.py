"""Adapters on a real vLLM: each answers under its own name, and the model as if there were none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.adapter_maker import peft, write
from tests.end_to_end.conftest import Run, ask

pytestmark = pytest.mark.slow
PORT = 8495
QUESTION = "What is modelscan?"
ANSWER = "modelscan is a command-line tool that takes you from the name of an open model to a healthy vLLM endpoint."


def test_two_adapters_on_one_model(run: Run, modelscan: Callable[..., Any], tmp_path: Path) -> None:
    places = [write(tmp_path / f"lora-{seed}", peft(seed=seed)) for seed in (1, 2)]
    named = [f"--adapter=adapter-{number}={place}" for number, place in enumerate(places)]
    run("-m", "modelscan", "gateway", "keys", "revoke", "adapters", check=False)
    key = modelscan("gateway", "keys", "add", "adapters")["key"]
    try:
        made = modelscan("deploy", "demo", "--yes", "--name", "adapted", "--backend", "vllm", *named)
        assert [(item["name"], item["rank"]) for item in made["adapters"]] == [("adapter-0", 8), ("adapter-1", 8)]
        assert ask(made, QUESTION) == ANSWER
        direct = [ask(made, QUESTION, model=f"adapter-{number}") for number in range(2)]
        assert len({ANSWER, *direct}) == 3
        run("-m", "modelscan", "gateway", "start", "--port", str(PORT))
        run("-m", "modelscan", "routes", "alias", "queries", "adapter-1")
        with openai.OpenAI(base_url=f"http://127.0.0.1:{PORT}/v1", api_key=key) as client:
            assert {"adapted", "adapter-0", "adapter-1", "queries"} <= {item.id for item in client.models.list()}
            asked: Any = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 40, "temperature": 0}
            for model, answer in (("adapter-0", direct[0]), ("queries", direct[1]), ("adapted", ANSWER)):
                said = client.chat.completions.create(model=model, **asked).choices[0].message.content or ""
                assert said == answer, model
    finally:
        run("-m", "modelscan", "routes", "alias", "queries", "--remove", check=False)
        run("-m", "modelscan", "gateway", "stop", check=False)
        run("-m", "modelscan", "gateway", "keys", "revoke", "adapters", check=False)
        run("-m", "modelscan", "remove", "adapted", check=False)
