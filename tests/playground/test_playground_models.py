"""Models of the Playground API over HTTP: as its clients ask, and what they are answered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan
from tests.hubs.hub_server import GOOD_TOKEN, HubServer
from tests.playground.conftest import MODELS, Waits, local, remote

from modelscan.jobs.job import Job
from modelscan.jobs.store import JobStore
from modelscan.storage.paths import paths_below

TOGGLE = f"{MODELS}/{{}}/toggle"


def test_from_nothing_to_an_answer_and_away(api: TestClient, home: Path, seen: Waits, modelscan: Modelscan) -> None:
    created = api.post(MODELS, json=local(home, resources={"cpu": "1", "memory": "64Gi", "gpu": "0"}))
    assert (created.status_code, list(created.json())) == (200, ["id"])
    model = created.json()["id"]
    assert told(seen(model, phase="Ready"), model, home) == snapshot(
        {
            "id": "ID",
            "displayName": "tiny",
            "description": "A tiny model of modelscan that answers questions about itself.",
            "icon": "",
            "label": "lab",
            "tags": "",
            "version": "c0ffee0",
            "sourceURL": "lab/tiny",
            "accessMode": "local",
            "sourceToken": "",
            "downloadType": "local",
            "localPath": "HOME/data/weights/tiny",
            "s3Config": "",
            "cpu": "1",
            "memory": "64Gi",
            "gpu": "0",
            "phase": "Ready",
            "message": "Download completed successfully",
            "inferenceID": "",
            "inferencePhase": "",
            "deletionTime": None,
            "isDeleted": False,
        }
    )
    started = api.post(TOGGLE.format(model), json={"enabled": True}).json()
    again = api.post(TOGGLE.format(model), json={"enabled": True}).json()
    assert (started["message"], again["message"]) == ("inference started", "inference already exists")
    assert started["inferenceId"] == again["inferenceId"]
    running = seen(model, inferencePhase="Running")
    assert running["inferenceID"] == started["inferenceId"]
    (deployed,) = modelscan("list", "--json").json
    assert (deployed["name"], deployed["aliases"]) == (started["inferenceId"], ["tiny", model])
    assert deployed["request"]["max_host_memory_bytes"] == 64 * 1024**3
    assert api.get(MODELS, params={"inferenceStatus": "Running", "limit": 20, "offset": 0}).json()["total"] == 1
    assert api.post(TOGGLE.format(model), json={"enabled": False}).json() == {"message": "inference stopped"}
    assert seen(model, inferencePhase="Stopped")["inferenceID"] == ""
    assert modelscan("list", "--json").json == []
    assert api.delete(f"{MODELS}/{model}").json() == {"message": "model deleted successfully", "id": model}
    assert api.delete(f"{MODELS}/{model}").json() == {"error": f"playground model not found: {model}", "code": 404}
    assert (home / "data" / "weights" / "tiny" / "model.safetensors").exists()


def told(shown: dict[str, Any], model: str, home: Path) -> dict[str, Any]:
    for name in ("createdAt", "updatedAt"):
        assert len(shown.pop(name)) == len("2026-12-01T08:57:48Z")
    return {
        key: value.replace(model, "ID").replace(str(home), "HOME") if isinstance(value, str) else value
        for key, value in shown.items()
    }


def without(body: dict[str, Any], *path: str, **changes: Any) -> dict[str, Any]:
    """The body without one key, or with others inside the place."""
    made = {**body}
    if len(path) > 1:
        made[path[0]] = without(made[path[0]], *path[1:], **changes)
    elif path and not changes:
        del made[path[0]]
    else:
        made[path[0]] = {**made[path[0]], **changes}
    return made


def refused_bodies(home: Path) -> Iterator[tuple[str, Any]]:
    here = local(home)
    yield "no source", {}
    yield "unknown mode", without(here, "source", accessMode="cloud")
    yield "no target", without(here, "downloadTarget")
    yield "unknown target", without(here, "downloadTarget", type="ftp")
    yield "no path", without(here, "downloadTarget", "localPath")
    yield "relative", without(here, "downloadTarget", localPath="weights/x")
    yield "elsewhere", without(here, "downloadTarget", localPath="/etc/x")
    yield "climbing out", without(here, "downloadTarget", localPath=f"{home}/data/weights/../../x")
    yield "the folder itself", without(here, "downloadTarget", localPath=f"{home}/data/weights")
    yield "not of Hugging Face", without(here, "source", url="https://modelscope.cn/lab/tiny")
    yield "a data set", without(here, "source", url="https://huggingface.co/datasets/lab")
    yield "an odd token", without(here, "source", token="a b")
    yield "half a GPU", {**here, "resources": {"gpu": "0.5"}}
    yield "an odd quantity", {**here, "resources": {"memory": "64 GB"}}
    yield "a true number", without(here, "downloadTarget", localPath=7)
    yield "remote without a name", without(remote(), "displayName")
    yield "remote at no address", remote("lab/tiny")
    yield "remote with a password", remote("https://me:secret@api.example/v1")
    yield "S3 without keys", {**here, "downloadTarget": {"type": "s3", "s3Config": {"bucket": "bucket"}}}


def test_what_cannot_be_is_refused_by_name(api: TestClient, home: Path) -> None:
    answers = {}
    for name, body in refused_bodies(home):
        answer = api.post(MODELS, json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, 400), name
        answers[name] = answer.json()["error"].replace(str(home), "HOME")
    answers["broken"] = api.post(MODELS, content=b"{", headers={"content-type": "application/json"}).json()["error"]
    assert answers == snapshot(
        {
            "no source": "invalid request body: source.accessMode must be remote_api or local",
            "unknown mode": "invalid request body: source.accessMode must be remote_api or local",
            "no target": "invalid request body: downloadTarget is required for local",
            "unknown target": "invalid request body: downloadTarget: type must be local or s3",
            "no path": "invalid request body: downloadTarget.localPath is required for local",
            "relative": "invalid request body: downloadTarget.localPath: `weights/x` is not an absolute path",
            "elsewhere": "invalid request body: downloadTarget.localPath: `/etc/x` is not below `HOME/data/weights`: see the setting api.download_dirs",
            "climbing out": "invalid request body: downloadTarget.localPath: `HOME/data/weights/../../x` is not below `HOME/data/weights`: see the setting api.download_dirs",
            "the folder itself": "invalid request body: downloadTarget.localPath: `HOME/data/weights` is not below `HOME/data/weights`: see the setting api.download_dirs",
            "not of Hugging Face": "invalid request body: source.url: local models come from https://huggingface.co/owner/name or owner/name only",
            "a data set": "invalid request body: source.url: local models come from https://huggingface.co/owner/name or owner/name only",
            "an odd token": "invalid request body: source.token: it has spaces, or characters that no header can have",
            "half a GPU": "invalid request body: resources.gpu: `0.5` is not a number of GPUs, such as 2",
            "an odd quantity": "invalid request body: resources.memory: `64 GB` is not a quantity, such as 64Gi",
            "a true number": "invalid request body: downloadTarget.localPath: Input should be a valid string",
            "remote without a name": "invalid request body: displayName is required for remote_api",
            "remote at no address": "invalid request body: source.url: a remote model needs the http or https address of its API, without credentials, query or fragment; its key is source.token",
            "remote with a password": "invalid request body: source.url: a remote model needs the http or https address of its API, without credentials, query or fragment; its key is source.token",
            "S3 without keys": "invalid request body: downloadTarget.s3Config.accessKeyID is required for s3; downloadTarget.s3Config.secretAccessKey is required for s3",
            "broken": "invalid request body: 1: JSON decode error",
        }
    )
    assert api.get(MODELS).json() == {"total": 0, "items": []}


def test_parameters_and_paths_that_are_not(api: TestClient) -> None:
    asked = [
        ("GET", f"{MODELS}?accessMode=cloud"),
        ("GET", f"{MODELS}?inferenceStatus=running"),
        ("GET", f"{MODELS}?limit=0"),
        ("GET", f"{MODELS}/model-zzzzz"),
        ("POST", f"{MODELS}/model-zzzzz/toggle"),
        ("DELETE", f"{MODELS}/model-zzzzz"),
        ("PUT", MODELS),
    ]
    answers = [api.request(method, path, json={"enabled": True}) for method, path in asked]
    assert [(item.status_code, item.json()["error"]) for item in answers] == snapshot(
        [
            (400, "invalid request parameters: accessMode: Input should be 'remote_api' or 'local'"),
            (
                400,
                "invalid request parameters: inferenceStatus: Input should be 'Pending', 'Running', 'Stopped' or 'Failed'",
            ),
            (400, "invalid request parameters: limit: Input should be greater than or equal to 1"),
            (404, "playground model not found: model-zzzzz"),
            (404, "playground model not found: model-zzzzz"),
            (404, "playground model not found: model-zzzzz"),
            (405, "Method Not Allowed"),
        ]
    )
    assert answers[-1].headers["allow"] == "GET, POST"
    assert api.post(TOGGLE.format("model-zzzzz"), json={"enabled": 1}).status_code == 400


@pytest.mark.slow
def test_folders_that_lead_elsewhere_or_are_full(api: TestClient, home: Path, seen: Waits) -> None:
    weights = home / "data" / "weights"
    (weights / "full").mkdir(parents=True)
    (weights / "full" / "mine.txt").write_text("mine")
    (weights / "out").symlink_to(home)
    (weights / "file").write_text("")
    for name in ("full", "out/x", "file/x"):
        assert api.post(MODELS, json=local(home, name)).status_code == 400, name
    first = api.post(MODELS, json=local(home)).json()["id"]
    inside = api.post(MODELS, json=local(home, "tiny/inside"))
    assert (inside.status_code, inside.json()["error"]) == (
        409,
        f"downloadTarget.localPath: `{weights}/tiny/inside` is a folder of `{first}`",
    )
    seen(first, phase="Ready")
    api.delete(f"{MODELS}/{first}")
    again = api.post(MODELS, json=local(home)).json()["id"]  # what lies there is what it would bring
    assert seen(again, phase="Ready")["version"] == "c0ffee0"
    (weights / "tiny" / "mine.txt").write_text("mine")
    assert api.delete(f"{MODELS}/{again}", params={"purge": True}).json()["message"] == "model deleted successfully"
    assert [path.name for path in (weights / "tiny").rglob("*")] == ["mine.txt"]


def test_a_page_is_of_all_that_match_newest_first(api: TestClient, home: Path) -> None:
    ids = [api.post(MODELS, json=remote(displayName=f"far-{number}")).json()["id"] for number in range(12)]
    here = api.post(MODELS, json=local(home)).json()["id"]
    page = api.get(MODELS).json()
    assert (page["total"], [item["id"] for item in page["items"]]) == (13, [here, *reversed(ids[3:])])
    later = api.get(MODELS, params={"offset": 10, "accessMode": "remote_api"}).json()
    assert (later["total"], [item["id"] for item in later["items"]]) == (12, [ids[1], ids[0]])
    assert api.get(MODELS, params={"accessMode": "local"}).json()["total"] == 1
    assert api.get(MODELS, params={"inferenceStatus": "Failed"}).json() == {"total": 0, "items": []}
    api.delete(f"{MODELS}/{ids[0]}")
    assert api.get(MODELS, params={"accessMode": "remote_api"}).json()["total"] == 11
    (gone,) = [
        item
        for item in api.get(MODELS, params={"includeDeleted": True, "limit": 99}).json()["items"]
        if item["isDeleted"]
    ]
    assert (gone["id"], gone["deletionTime"][-1]) == (ids[0], "Z")


def test_a_remote_one_is_ready_at_once(api: TestClient) -> None:
    body = remote(
        description="words", icon="https://icons.example/i.png", label="lab", tags=["a", "b"], version="x", extra=True
    )
    model = api.post(MODELS, json=without(body, "source", token="sk-planted")).json()["id"]
    now = api.get(f"{MODELS}/{model}").json()
    assert {key: now[key] for key in ("phase", "message", "tags", "sourceURL", "sourceToken", "version")} == {
        "phase": "Ready",
        "message": "Model ready (AccessMode: remote_api)",
        "tags": "a,b",
        "sourceURL": "http://127.0.0.1:9/v1",
        "sourceToken": model,
        "version": "",
    }


@pytest.mark.slow
def test_the_hub_is_not_needed_to_create(api: TestClient, hub: HubServer, home: Path, seen: Waits) -> None:
    hub.status["lab/tiny"] = 503
    model = api.post(MODELS, json=local(home)).json()["id"]
    now = api.get(f"{MODELS}/{model}").json()
    assert (now["displayName"], now["label"], now["description"], now["tags"]) == ("tiny", "lab", "", "")
    early = api.post(TOGGLE.format(model), json={"enabled": True})
    assert (early.status_code, early.json()["error"].partition(": ")[0]) == (400, "model is not ready")
    hub.status.clear()
    assert seen(model, phase="Ready")["version"] == "c0ffee0"  # a pull tries for some seconds itself


def test_a_token_opens_what_is_closed_and_is_nowhere(
    api: TestClient, home: Path, seen: Waits, modelscan: Modelscan
) -> None:
    closed = {**local(home, "closed"), "source": {"url": "https://huggingface.co/lab/closed", "accessMode": "local"}}
    without_one = api.post(MODELS, json=closed).json()["id"]
    assert "lab/closed" in seen(without_one, phase="Failed")["message"]
    api.delete(f"{MODELS}/{without_one}")
    with_one = api.post(MODELS, json=without(closed, "source", token=GOOD_TOKEN)).json()["id"]
    secret = home / "state" / "secrets" / with_one
    assert secret.stat().st_mode & 0o777 == 0o600
    assert seen(with_one, phase="Ready")["sourceToken"] == with_one
    shown = "".join(
        [api.get(MODELS).text, modelscan("events", "--json").stdout, *map(os.fsdecode, told_by_processes())]
    )
    assert GOOD_TOKEN not in shown
    api.delete(f"{MODELS}/{with_one}")
    assert holding(home, GOOD_TOKEN) == []


def told_by_processes() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield path.read_bytes()
        except OSError:
            continue


def holding(home: Path, secret: str) -> list[Path]:
    """The files of a home that hold a secret."""
    return [path for path in home.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


@pytest.mark.slow
def test_a_secret_is_in_its_file_only(api: TestClient, home: Path, seen: Waits) -> None:
    model = api.post(MODELS, json=without(local(home), "source", token="hf_planted_7")).json()["id"]
    seen(model, phase="Ready")
    assert holding(home, "hf_planted_7") == [home / "state" / "secrets" / model]


@pytest.mark.slow
def test_deleted_while_it_comes(api: TestClient, hub: HubServer, home: Path, seen: Waits) -> None:
    hub.rate = 200_000
    model = api.post(MODELS, json=local(home)).json()["id"]
    pulling = seen(model, phase="Pulling")
    while "%" not in pulling["message"]:
        pulling = api.get(f"{MODELS}/{model}").json()
    assert pulling["phase"] == "Pulling"
    assert api.delete(f"{MODELS}/{model}", params={"purge": True}).status_code == 200
    assert not (home / "data" / "weights" / "tiny").exists()
    assert [job.status for job in jobs(home)] == ["cancelled"]


def jobs(home: Path) -> list[Job]:
    """As last written, oldest first."""
    with JobStore.for_reading(paths_below(home)) as store:
        return list(reversed(store.list()))


@pytest.mark.slow
def test_weights_in_s3_by_its_keys_only(
    api: TestClient, home: Path, seen: Waits, s3: Any, s3_server: str, context: Any
) -> None:
    keys = {"accessKeyID": "AKIAPLANTED9", "secretAccessKey": "planted-secret-9"}
    config = {"endpoint": s3_server, "bucket": "bucket/llms", "region": "us-east-1", **keys}
    body = {**local(home), "downloadTarget": {"type": "s3", "s3Config": config}}
    model = api.post(MODELS, json=body).json()["id"]
    now = seen(model, phase="Ready")
    assert (now["downloadType"], now["localPath"]) == ("s3", "")
    assert now["s3Config"] == (
        f'{{"endpoint": "{s3_server}", "bucket": "bucket", "region": "us-east-1", "prefix": "llms/{model}"}}'
    )
    assert s3.exists(f"bucket/llms/{model}/config.json")
    assert holding(home, "planted-secret-9") == [home / "state" / "secrets" / model]
    s3.pipe(f"bucket/llms/{model}/mine.txt", b"mine")
    assert api.delete(f"{MODELS}/{model}", params={"purge": True}).json() == {
        "message": "model deleted successfully",
        "id": model,
    }
    assert s3.find("bucket") == [f"bucket/llms/{model}/mine.txt"]
    assert holding(home, "planted-secret-9") == []
