"""What was broken off is taken up again: by whoever looks, and at the start of the API."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.cli.conftest import Modelscan
from tests.gateway.gateway_house import until
from tests.hubs.hub_server import HubServer
from tests.playground.conftest import MODELS, Waits, local, remote
from tests.playground.test_playground_models import jobs

from modelscan import dataclasses
from modelscan.jobs.files import job_files
from modelscan.playground.asked import AskedModel
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.secrets import keep_secrets
from modelscan.playground.store import PlaygroundStore
from modelscan.playground.transitions import claimed, deleted
from modelscan.selecting.context import Context
from modelscan.storage.ownership import live_supervisor
from modelscan.verbs.playground.resume import resume_models

pytestmark = pytest.mark.slow  # most of them deploy and are killed at it
TOGGLE = f"{MODELS}/{{}}/toggle"
AT = "2026-12-01T00:00:00Z"


def test_a_pull_whose_runner_was_killed_goes_on(
    api: TestClient, context: Context, hub: HubServer, home: Path, seen: Waits
) -> None:
    hub.rate = 300_000
    model = api.post(MODELS, json=local(home)).json()["id"]
    seen(model, phase="Pulling")
    (job,) = jobs(home)
    lock = job_files(context.settings.paths, job.id).lock
    until(lambda: live_supervisor(lock, job.id) is not None, what="its runner")
    runner = live_supervisor(lock, job.id)
    assert runner is not None
    os.kill(runner.pid, signal.SIGKILL)
    until(lambda: live_supervisor(lock, job.id) is None, what="its end")
    hub.rate = None
    assert resume_models(context) == ()
    assert seen(model, phase="Ready")["message"] == "Download completed successfully"
    assert [job.status for job in jobs(home)] == ["failed", "done"]


def test_an_inference_that_was_only_claimed_is_begun_by_whoever_looks(
    api: TestClient, context: Context, home: Path, seen: Waits, modelscan: Modelscan
) -> None:
    model = api.post(MODELS, json=local(home)).json()["id"]
    seen(model, phase="Ready")
    with PlaygroundStore(context.settings.paths, context.clock) as store:
        store.change(model, lambda row: claimed(row, f"inf-{model}-abc123", AT))
    assert seen(model, inferencePhase="Running")["inferenceID"] == f"inf-{model}-abc123"
    modelscan("remove", f"inf-{model}-abc123")  # by somebody in a shell: not begun again
    assert seen(model, inferencePhase="Stopped")["inferenceID"] == f"inf-{model}-abc123"
    again = api.post(TOGGLE.format(model), json={"enabled": True}).json()
    assert (again["message"], again["inferenceId"] != f"inf-{model}-abc123") == ("inference started", True)
    seen(model, inferencePhase="Running")
    modelscan("stop", again["inferenceId"])
    seen(model, inferencePhase="Stopped")
    third = api.post(TOGGLE.format(model), json={"enabled": True}).json()
    assert third == again  # started again, as it is
    seen(model, inferencePhase="Running")


def test_what_was_half_made_or_half_gone_is_cleared(api: TestClient, context: Context, home: Path) -> None:
    paths = context.settings.paths
    half_made = PlaygroundModel(
        id="model-aaaaa",
        access_mode="local",
        source="lab/tiny",
        display_name="x",
        has_token=True,
        created_at=AT,
        updated_at=AT,
    )
    asked = AskedModel(access_mode="local", url="lab/tiny", token="hf_x")
    half_gone = api.post(
        MODELS, json=remote(source={"url": "http://127.0.0.1:9", "accessMode": "remote_api", "token": "t"})
    ).json()["id"]
    with PlaygroundStore(paths, context.clock) as store:
        store.add(half_made)
        keep_secrets(paths, half_made.id, asked)
        store.change(half_gone, lambda row: deleted(row, AT, purge=False))
    assert api.get(MODELS).json() == {"total": 0, "items": []}
    assert len(list(paths.secrets_folder.iterdir())) == 2
    assert resume_models(context) == ()
    assert list(paths.secrets_folder.iterdir()) == []
    with PlaygroundStore(paths, context.clock) as store:
        assert (store.find("model-aaaaa"), store.unfinished()) == (None, [])


def test_of_two_clients_one_makes_the_inference(api: TestClient, home: Path, seen: Waits, modelscan: Modelscan) -> None:
    model = api.post(MODELS, json=local(home)).json()["id"]
    seen(model, phase="Ready")
    answers: list[dict[str, str]] = []

    def ask() -> None:
        answers.append(api.post(TOGGLE.format(model), json={"enabled": True}).json())

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert sorted(item["message"] for item in answers) == ["inference already exists"] * 3 + ["inference started"]
    assert len({item["inferenceId"] for item in answers}) == 1
    seen(model, inferencePhase="Running")
    assert len(modelscan("list", "--json").json) == 1


def test_an_inference_that_fails_says_why_and_can_be_tried_again(
    api: TestClient, context: Context, home: Path, seen: Waits
) -> None:
    model = api.post(MODELS, json=local(home, resources={"gpu": "7"})).json()["id"]
    seen(model, phase="Ready")
    first = api.post(TOGGLE.format(model), json={"enabled": True}).json()
    failed = seen(model, inferencePhase="Failed")
    assert failed["message"].startswith("inference failed: ")
    with PlaygroundStore(context.settings.paths, context.clock) as store:
        store.change(model, lambda row: dataclasses.replace(row, gpu="0"))
    second = api.post(TOGGLE.format(model), json={"enabled": True}).json()
    assert second == first
    assert seen(model, inferencePhase="Running")["message"] == "Download completed successfully"


@pytest.mark.parametrize("purge", [True, False])
def test_deleted_while_it_runs(api: TestClient, home: Path, seen: Waits, modelscan: Modelscan, purge: bool) -> None:
    model = api.post(MODELS, json=local(home)).json()["id"]
    seen(model, phase="Ready")
    api.post(TOGGLE.format(model), json={"enabled": True})
    assert api.delete(f"{MODELS}/{model}", params={"purge": purge}).status_code == 200
    assert modelscan("list", "--json").json == []
    assert (home / "data" / "weights" / "tiny").exists() is not purge
