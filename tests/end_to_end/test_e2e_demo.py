"""The demo model on a real vLLM: reachable under both names, closed to web pages, and gone without a trace."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from tests.end_to_end.conftest import Run, ask, runs

from modelscan.system.processes.identity import tagged

pytestmark = pytest.mark.slow
Modelscan = Callable[..., Any]


@pytest.fixture
def deployment(modelscan: Modelscan, run: Run) -> Any:
    yield modelscan("deploy", "demo", "--yes")
    run("-m", "modelscan", "remove", "demo", check=False)


def test_a_client_gets_an_answer_under_both_names(deployment: Any, modelscan: Modelscan) -> None:
    assert deployment["changed"] is True
    for name in deployment["served_model_names"]:
        assert "modelscan" in ask(deployment, "What is modelscan?", model=name, max_tokens=60)
    assert deployment["kv_cache_tokens"]
    assert deployment["measured"]["ttft_ms"] > 0
    speed = deployment["measured"]["decode_tokens_per_second"]
    assert speed is None or speed > 0  # None: a busy machine read all tokens in one go

    request = urllib.request.Request(
        f"{deployment['openai_base_url']}/models", headers={"origin": "http://a-web-page.example"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        assert response.headers.get("access-control-allow-origin") is None

    again = modelscan("deploy", "demo")
    assert (again["id"], again["changed"]) == (deployment["id"], False)


def test_killed_processes_are_told_truthfully_and_stop_leaves_nothing(deployment: Any, modelscan: Modelscan) -> None:
    ours = [item for item in tagged() if item.deployment == deployment["id"]]
    assert len(ours) >= 3  # API server, engine core, worker
    os.kill(deployment["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 60
    while modelscan("status", "demo")["status"] != "failed" and time.monotonic() < deadline:
        time.sleep(0.5)
    assert modelscan("status", "demo")["status"] == "failed"
    [stopped] = modelscan("stop", "demo")
    assert stopped["error"] is None
    assert not [item for item in tagged() if item.deployment == deployment["id"]]
    assert not any(runs(item.process.pid) for item in ours)
