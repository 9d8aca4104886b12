"""Both kinds of models through the gateway: by the names that people see, with keys that nobody sees."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.cli.conftest import Modelscan, free_port
from tests.gateway.fake_upstream import FakeUpstream
from tests.playground.conftest import MODELS, Waits, local, remote
from tests.playground.test_playground_models import holding

TOGGLE = f"{MODELS}/{{}}/toggle"
KEY = "sk-planted-elsewhere"


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    made = FakeUpstream()
    yield made
    made.close()


@pytest.fixture
def gateway(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    port = free_port()
    monkeypatch.setenv("MODELSCAN_GATEWAY_PORT", str(port))
    yield port
    modelscan("gateway", "stop")


def chat(port: int, model: str) -> tuple[int, Any]:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}]}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions", body, {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def chat_when_known(port: int, model: str) -> Any:
    """The gateway reads its table every quarter of a second, and asks the keyring aside."""
    deadline = time.monotonic() + 30
    while (answered := chat(port, model))[0] != 200:
        assert time.monotonic() < deadline, answered
        time.sleep(0.1)
    return answered[1]


def test_a_remote_one_by_its_name_with_its_key(
    api: TestClient, home: Path, upstream: FakeUpstream, gateway: int, modelscan: Modelscan
) -> None:
    body = remote(f"http://127.0.0.1:{upstream.port}/v1/chat/completions", displayName="Far Away 7B")
    body["source"]["token"] = KEY
    model = api.post(MODELS, json=body).json()["id"]
    started = api.post(TOGGLE.format(model), json={"enabled": True}).json()
    assert (started["message"], started["warning"]) == (
        "inference started",
        "no gateway runs, so nobody can ask for it yet: modelscan gateway start",
    )
    assert api.get(f"{MODELS}/{model}").json()["inferencePhase"] == "Pending"
    assert modelscan("gateway", "start").status == 0
    assert api.get(f"{MODELS}/{model}").json()["inferencePhase"] == "Running"
    for name in ("Far Away 7B", model, started["inferenceId"]):
        chat_when_known(gateway, name)
    asked = [item for item in upstream.requests if item[0] == "POST"]
    assert {item[1] for item in asked} == {"/v1/chat/completions"}
    assert {item[2]["authorization"] for item in asked} == {f"bearer {KEY}"}
    assert {json.loads(item[3])["model"] for item in asked} == {"Far Away 7B"}
    again = api.post(TOGGLE.format(model), json={"enabled": True}).json()
    assert again == {"message": "inference already exists", "inferenceId": started["inferenceId"]}
    assert holding(home, KEY) == [home / "state" / "secrets" / model]
    exported = modelscan("routes", "export", "--format", "litellm").stdout
    assert f"secret store has their keys: {model}.\n" in exported
    assert KEY not in exported
    assert KEY not in api.get(MODELS).text + modelscan("gateway", "logs").stdout
    assert api.post(TOGGLE.format(model), json={"enabled": False}).json() == {"message": "inference stopped"}
    deadline = time.monotonic() + 30
    while chat(gateway, "Far Away 7B")[0] != 404:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    api.delete(f"{MODELS}/{model}")
    assert holding(home, KEY) == []


@pytest.mark.slow
def test_a_local_one_by_its_name(api: TestClient, home: Path, gateway: int, modelscan: Modelscan, seen: Waits) -> None:
    assert modelscan("gateway", "start").status == 0
    model = api.post(MODELS, json=local(home, displayName="Tiny, of ours")).json()["id"]
    seen(model, phase="Ready")
    inference = api.post(TOGGLE.format(model), json={"enabled": True}).json()["inferenceId"]
    seen(model, inferencePhase="Running")
    for name in ("Tiny, of ours", model, inference):
        chat_when_known(gateway, name)
    refused = remote(f"http://127.0.0.1:{gateway}/v1")
    circle = api.post(MODELS, json=refused).json()["id"]
    assert api.post(TOGGLE.format(circle), json={"enabled": True}).json()["error"] == (
        f"`http://127.0.0.1:{gateway}/v1` is this gateway itself"
    )
