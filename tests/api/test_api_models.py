"""Models of one's own over HTTP: those that run here, those that somebody else serves, and as fleets ask for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.api.api_house import client_of, context_of
from tests.cli.conftest import Modelscan

EYES = "Qwen/Qwen3-VL-8B-Instruct:ours"


def test_from_registering_to_removing(home: Path, modelscan: Modelscan) -> None:
    client = client_of(context_of(home))
    entry = {
        "id": EYES,
        "name": "Our eyes",
        "type": "chat",
        "runtime": "vllm",
        "memory": "20GiB",
        "defaults": {"temperature": 0.2},
        "runtime_args": ["--max-model-len", "16384"],
    }
    made = client.post("/api/v1/models", json=entry)
    assert (made.status_code, made.json()["memory_bytes"], made.json()["warnings"]) == (201, 20 * 1024**3, [])
    assert client.post("/api/v1/models", json=entry).status_code == 409
    assert client.get("/api/v1/models").json() == modelscan("model", "list", "--json").json
    assert client.get(f"/api/v1/models/{EYES.lower()}").json()["id"] == EYES
    changed = client.patch(f"/api/v1/models/{EYES}", json={"context_length": 4096.0, "memory": None, "enabled": False})
    assert changed.json()["context_length"] == 4096
    assert (changed.json()["memory_bytes"], changed.json()["enabled"]) == (None, False)
    assert client.delete(f"/api/v1/models/{EYES}").json() == {
        "id": EYES,
        "removed": True,
        "returns": None,
        "note": None,
    }
    assert client.delete(f"/api/v1/models/{EYES}").status_code == 404


def test_as_fleets_ask_for_them(home: Path, monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan) -> None:
    monkeypatch.setenv(
        "MODELSCAN_SEED_MODEL_EYES",
        f'{{"id": "{EYES}", "name": "Our eyes", "type": "chat", "runtime": "vllm", "memory": "20GiB", "prewarm": true,'
        ' "secret": "sk-planted", "runtime_args": ["--max-model-len", "16384"]}',
    )
    modelscan("model", "seed")
    client = client_of(context_of(home))
    [listed] = client.get("/api/v1/helix-models").json()
    one = client.get(f"/api/v1/helix-models/{EYES}").json()
    assert one == listed
    assert {name: value for name, value in one.items() if not name.endswith("_at")} == snapshot(
        {
            "id": "Qwen/Qwen3-VL-8B-Instruct:ours",
            "name": "Our eyes",
            "type": "chat",
            "runtime": "vllm",
            "memory": 21474836480,
            "context_length": None,
            "description": None,
            "enabled": True,
            "auto_pull": False,
            "prewarm": True,
            "runtime_args": ["--max-model-len", "16384"],
            "system": True,
            "user_modified": False,
        }
    )
    assert client.get("/api/v1/helix-models/no/such").status_code == 404
    assert len(client.get("/api/v1/helix-models", params={"all": True}).json()) > 10
    [shown] = client.get("/api/v1/models").json()
    assert (shown["extra"], client.get(f"/api/v1/models/{EYES}").json()) == ({"secret": None}, shown)


def test_what_somebody_else_serves(home: Path) -> None:
    client = client_of(context_of(home, MODELSCAN_OFFLINE="1"))
    body = {
        "id": "gpt",
        "runtime": "upstream",
        "upstream": {"base_url": "http://127.0.0.1:9/v1", "api_key_env": "NO_SUCH_KEY", "model": "gpt-5-mini"},
    }
    made = client.post("/api/v1/models", json=body).json()
    assert made["upstream"] == {
        "base_url": "http://127.0.0.1:9/v1",
        "api_key_env": "NO_SUCH_KEY",
        "model": "gpt-5-mini",
    }
    assert made["warnings"] == snapshot(
        [
            "`NO_SUCH_KEY` is not set here: the gateway reads it where it is started (export NO_SUCH_KEY=…; modelscan gateway restart)"
        ]
    )
    assert [tag["name"] for tag in client.get("/api/tags").json()["models"]] == ["gpt"]
    assert client.post("/api/show", json={"model": "gpt", "verbose": True}).json()["details"]["family"] == "upstream"
    assert client.post("/api/show", json={"model": "none"}).json()["error"] == "model 'none' not found"
    changed = client.patch("/api/v1/models/gpt", json={"upstream": {"model": "gpt-5"}}).json()
    assert changed["upstream"]["base_url"] == "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"id": "../etc/passwd"}, "body: id: String should match pattern"),
        ({"id": "x", "enabled": "yes"}, "body: enabled: Input should be a valid boolean"),
        ({"id": "x", "runtime": "nosuch"}, "body: runtime: Input should be"),
        ({"id": "x", "runtime": "upstream"}, "upstream is required for upstream"),
        ({"id": "x", "api_key": "sk-1"}, "body: api_key: Extra inputs are not permitted"),
        (["x"], "body: Input should be a valid dictionary"),
    ],
)
def test_what_is_no_entry_is_refused(home: Path, body: object, said: str) -> None:
    refused = client_of(context_of(home)).post("/api/v1/models", json=body)
    assert refused.status_code == 400
    assert said in refused.json()["error"]
    assert "sk-1" not in refused.text


def test_the_version_is_ours(home: Path) -> None:
    assert client_of(context_of(home)).get("/api/version").json()["version"][0].isdigit()
