"""Deployments over HTTP: planned, deployed by a job, shown, stopped, removed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from inline_snapshot import snapshot
from tests.api.api_house import Listener, Starter, client_of, context_of
from tests.cli.conftest import Modelscan

from modelscan.system.clock import SystemClock


def ended(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    """The job, once it has ended."""
    clock = SystemClock()
    deadline = clock.monotonic() + 60
    while (now := client.get(f"/api/v1/jobs/{job['id']}").json())["status"] == "running":
        assert clock.monotonic() < deadline, now
        clock.sleep(0.05)
    found: dict[str, Any] = now
    return found


@pytest.mark.usefixtures("vllm")
def test_from_a_name_to_an_endpoint_and_back(home: Path) -> None:
    client = client_of(context_of(home))
    dry = client.post("/api/v1/deployments", json={"model": "demo", "dry_run": True})
    assert (dry.status_code, dry.json()["feasible"]) == (200, True)
    begun = client.post("/api/v1/deployments", json={"model": "demo", "context_length": "1k", "name": "mine"})
    assert begun.status_code == 202
    job = begun.json()["job"]
    assert (job["kind"], job["subject"], job["status"]) == ("deploy", "mine", "running")
    assert begun.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert begun.json()["plan"]["chosen"]["max_model_len"] == 1024
    done = ended(client, job)
    assert (done["status"], done["result"]["status"], done["result"]["max_model_len"]) == ("done", "ready", 1024)
    assert "ready" in [event["kind"] for event in client.get(f"/api/v1/jobs/{job['id']}/events").json()]

    shown = client.get("/api/v1/deployments/mine").json()
    assert client.get("/api/v1/deployments", params={"status": "ready"}).json() == [shown]
    assert client.get("/api/v1/deployments", params={"status": "failed"}).json() == []
    lines = client.get("/api/v1/deployments/mine/logs", params={"tail": 2}).json()
    assert len(lines) == 2
    assert {*lines[0]} == {"at", "text"}
    kinds = [event["kind"] for event in client.get("/api/v1/deployments/mine/events").json()]
    assert {"starting", "ready"} <= {*kinds}
    tag = client.get("/api/tags").json()["models"][0]
    assert (tag["name"], tag["details"]["family"]) == ("mine", "vllm")
    assert client.post("/api/show", json={"model": "mine:latest"}).json()["capabilities"] == ["completion"]
    assert [item["context_length"] for item in client.get("/api/ps").json()["models"]] == [1024]

    other = client.post("/api/v1/deployments", json={"model": "demo", "name": "mine"})
    assert (other.status_code, other.json()["error"]) == snapshot(
        (
            409,
            "the deployment `mine` already exists with different options: context_length: 1024 before, not given now",
        )
    )
    stopped = ended(client, client.post("/api/v1/deployments/mine/stop").json()["job"])
    assert (stopped["status"], stopped["result"][0]["status"]) == ("done", "stopped")
    removed = ended(client, client.delete("/api/v1/deployments/mine").json()["job"])
    assert (removed["status"], client.get("/api/v1/deployments").json()) == ("done", [])
    assert client.delete("/api/v1/deployments/mine").status_code == 404
    assert [job["kind"] for job in client.get("/api/v1/jobs").json()] == ["remove", "stop", "deploy"]
    assert [job["kind"] for job in client.get("/api/v1/jobs", params={"kind": "stop"}).json()] == ["stop"]


def test_what_cannot_work_is_refused_before_a_job(home: Path) -> None:
    starter = Starter()
    client = client_of(context_of(home), starter)
    refused = client.post("/api/v1/deployments", json={"model": "demo", "max_memory": "1MiB"})
    assert (refused.status_code, refused.json()["code"]) == (409, 409)
    assert refused.json()["hints"]
    closed = client.post("/api/v1/deployments", json={"model": "gpt-4o"})
    assert closed.status_code == 409
    missing = client.post("/api/v1/deployments", json={"model": "demo"})  # no backend is here
    assert missing.json() == snapshot(
        {
            "error": "the backend `vllm 0.32.0` is not installed",
            "code": 409,
            "hints": ["modelscan backend install vllm --version 0.32.0", "or add --yes to install it"],
        }
    )
    assert starter.begun == []


def test_one_yes_answers_every_question_and_all_of_them_are_told(home: Path, folder: Path) -> None:
    starter = Starter()
    client = client_of(context_of(home), starter)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModelForCausalLM": "own.Model"}}))
    (folder / "own.py").write_text("class Model: ...\n")
    body = {"model": str(folder), "name": "mine", "trust_remote_code": True}
    assert client.post("/api/v1/deployments", json={**body, "dry_run": True}).status_code == 200
    asked = client.post("/api/v1/deployments", json=body)
    assert (
        asked.status_code,
        asked.json()["error"].replace(str(folder), "FOLDER"),
        asked.json()["hints"],
    ) == snapshot(
        (
            409,
            "nobody was asked whether `FOLDER` may run code: own.py sha256:8ccaaa7970298fa26b165e32229213c3bae14cd6072dd90c8f92def01f1bc198; the backend `vllm 0.32.0` is not installed",
            [
                "read it, then allow it: --trust-remote-code --yes",
                "or drop --trust-remote-code",
                "modelscan backend install vllm --version 0.32.0",
                "or add --yes to install it",
            ],
        )
    )
    assert starter.begun == []
    assert client.post("/api/v1/deployments", json={**body, "yes": True}).status_code == 202
    assert [argv[:1] for argv in starter.begun] == [("deploy",)]


def test_the_command_of_a_job_says_all_that_was_asked(home: Path, folder: Path) -> None:
    starter = Starter()
    client = client_of(context_of(home), starter)
    body = {
        "model": str(folder),
        "name": "mine",
        "alias": ["gpt-4o"],
        "gpu": "none",
        "context_length": "1k",
        "max_concurrency": 4,
        "env": {"VLLM_LOGGING_LEVEL": "DEBUG"},
        "idle_timeout": "30m",
        "timeout": 90,
        "replace": True,
        "yes": True,
    }
    assert client.post("/api/v1/deployments", json=body).status_code == 202
    assert [word.replace(str(folder), "FOLDER") for word in starter.begun[0]] == snapshot(
        [
            "deploy",
            "--gpu",
            "none",
            "--context-length",
            "1024",
            "--max-concurrency",
            "4",
            "--env",
            "VLLM_LOGGING_LEVEL=DEBUG",
            "--name",
            "mine",
            "--idle-timeout",
            "1800",
            "--alias",
            "gpt-4o",
            "--replace",
            "--yes",
            "--timeout",
            "90",
            "--",
            "FOLDER",
        ]
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "model is required"),
        ({"model": "demo", "gpus": "2"}, "gpus: Input should be a valid integer"),
        ({"model": "demo", "host": "0.0.0.0"}, "host: Input should be '127.0.0.1', 'localhost' or '::1'"),
        ({"model": "demo", "backend_arg": ["rm"]}, "backend_arg.0: String should match pattern"),
        ({"model": "demo", "file": "x"}, "file: Extra inputs are not permitted"),
        ({"model": "--yes"}, "model: String should match pattern"),
        ({"model": "./here"}, "model: String should match pattern"),
        ({"model": "a\x00b"}, "model: String should match pattern"),
    ],
)
def test_a_body_is_read_strictly(home: Path, body: dict[str, Any], said: str) -> None:
    refused = client_of(context_of(home), Starter()).post("/api/v1/deployments", json=body)
    assert refused.status_code == 400
    assert refused.json()["error"].startswith(f"invalid request body: {said}")


def test_options_that_exclude_each_other_are_a_conflict(home: Path) -> None:
    client = client_of(context_of(home), Starter())
    refused = client.post("/api/v1/plans", json={"model": "demo", "gpu": "none", "gpus": 2})
    assert refused.json()["error"] == "`gpu: none` and `gpus` exclude each other"


@pytest.mark.usefixtures("vllm")
def test_names_and_consent_reach_the_command_after_a_bare_double_dash(home: Path, modelscan: Modelscan) -> None:
    starter = Starter()
    client = client_of(context_of(home), starter)
    made = modelscan("deploy", "demo", "--no-wait", "--json").json
    for path in ("start", "stop", "restart"):
        assert client.post(f"/api/v1/deployments/demo/{path}").status_code == 202
        assert client.post(f"/api/v1/deployments/nobody/{path}").status_code == 404
    assert client.delete("/api/v1/deployments/demo", params={"purge_weights": True, "yes": True}).status_code == 202
    assert starter.begun == [
        *((verb, "--", made["id"]) for verb in ("start", "stop", "restart")),
        ("remove", "--purge-weights", "--yes", "--", made["id"]),
    ]


@pytest.mark.usefixtures("vllm")
def test_a_log_is_followed_until_the_deployment_is_over(home: Path, modelscan: Modelscan) -> None:
    app = client_of(context_of(home)).app
    assert modelscan("deploy", "demo").status == 0
    quick = Listener(app, "/api/v1/deployments/demo/logs/follow", enough=lambda text: "event: line" in text)
    asyncio.run(quick.listen())  # it leaves, and its thread with it
    assert quick.headers["content-type"].startswith("text/event-stream")
    whole = Listener(app, "/api/v1/deployments/demo/logs/follow", enough=lambda _: False)

    async def until_stopped() -> None:
        listening = asyncio.create_task(whole.listen())
        await whole.hears.wait()
        deployments = context_of(home).deployments
        await asyncio.to_thread(deployments.stop, deployments.find("demo").id)
        await listening

    asyncio.run(until_stopped())
    assert whole.events[-1] == ("", "end", {})
    assert {kind for _, kind, _ in whole.events} == {"line", "end"}
