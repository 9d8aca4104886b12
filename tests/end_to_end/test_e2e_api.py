"""The Playground API as its clients call it: curl with a bearer key, a hub on this machine, a real vLLM, chat through the
gateway's one address.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.end_to_end.conftest import ROOT, command_lines, user_environment
from tests.hubs.hub_server import HubServer, Repo
from tests.s3 import KEY_ID, SECRET, s3_client, s3_server  # noqa: F401  fixtures

pytestmark = pytest.mark.slow
API_PORT, GATEWAY_PORT = 8088, 8492
MODELS = f"http://127.0.0.1:{API_PORT}/api/v1/playground/models"
QUESTION: Any = [{"role": "user", "content": "What is modelscan?"}]
_SECONDS = 240.0


class Curl:
    """curl as existing clients use it; what it is answered, read."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, method: str, path: str = "", body: object = None, *, key: str | None = None) -> Any:
        words = ["curl", "--silent", "--request", method, f"{MODELS}{path}"]
        words += ["--header", f"Authorization: Bearer {self.key if key is None else key}"]
        if body is not None:
            words += ["--header", "Content-Type: application/json", "--data", json.dumps(body)]
        return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)

    def until(self, model: str, **wanted: str) -> tuple[dict[str, Any], list[str]]:
        """The model once it is as wanted, and the messages on the way."""
        deadline, messages = time.monotonic() + _SECONDS, []
        while True:
            now: dict[str, Any] = self("GET", f"/{model}")
            messages += [now["message"]] if now["message"] not in messages else []
            if all(now[name] == value for name, value in wanted.items()):
                return now, messages
            assert time.monotonic() < deadline, now
            time.sleep(0.1)


@pytest.fixture(scope="module")
def curl(real_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Curl]:
    """The API at the port that clients have, and the gateway, both asking for a key."""
    if shutil.which("curl") is None:
        pytest.fail("curl is needed: apt-get install curl")
    demo = {path.name: path.read_bytes() for path in (ROOT / "catalogs" / "demo").iterdir() if path.is_file()}
    with HubServer(rate=1024**2) as hub:
        hub.repos["lab/demo"] = Repo(files=demo, license="apache-2.0")
        hf_home = str(tmp_path_factory.mktemp("api") / "hf")
        environ = user_environment(real_home) | {
            "HF_ENDPOINT": hub.endpoint,
            "HF_HOME": hf_home,
            "HF_HUB_OFFLINE": "0",
        }

        def modelscan(*words: str, check: bool = True) -> str:
            run = [sys.executable, "-m", "modelscan", *words]
            done = subprocess.run(run, env=environ, capture_output=True, text=True, check=False)
            assert not check or done.returncode == 0, f"{words}: {done.stderr}"
            return done.stdout

        modelscan("gateway", "keys", "revoke", "playground", check=False)
        key = json.loads(modelscan("gateway", "keys", "add", "playground", "--json"))["key"]
        modelscan("gateway", "start", "--port", str(GATEWAY_PORT))
        modelscan("api", "start", "--port", str(API_PORT))
        made = Curl(key)
        yield made
        for item in made("GET", "?limit=200")["items"]:
            made("DELETE", f"/{item['id']}?purge=true")
        modelscan("api", "stop", check=False)
        modelscan("gateway", "stop", check=False)
        modelscan("gateway", "keys", "revoke", "playground", check=False)


@pytest.fixture
def chat(curl: Curl) -> Iterator[Callable[[str], str]]:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{GATEWAY_PORT}/v1", api_key=curl.key) as client:

        def ask(model: str) -> str:
            answer = client.chat.completions.create(model=model, messages=QUESTION, max_tokens=40, temperature=0)
            return answer.choices[0].message.content or ""

        yield ask


def test_local_and_remote_models_from_nothing_to_an_answer_and_away(
    curl: Curl, chat: Callable[[str], str], real_home: Path
) -> None:
    assert curl("GET", key="wrong") == {"error": "user not authenticated", "code": 401}
    place = real_home / "data" / "weights" / "playground"
    target = {"type": "local", "localPath": str(place)}
    address = "https://huggingface.co/lab/demo"
    local = curl("POST", body={"source": {"url": address, "accessMode": "local"}, "downloadTarget": target})["id"]
    ready, messages = curl.until(local, phase="Ready")
    assert (ready["sourceURL"], ready["displayName"], ready["version"]) == ("lab/demo", "demo", "c0ffee0")
    assert (ready["localPath"], ready["inferencePhase"], ready["inferenceID"]) == (str(place), "", "")
    assert messages[-1] == "Download completed successfully"
    refused = curl("POST", body={"source": {"url": "lab/demo", "accessMode": "local"}, "downloadTarget": target})
    assert refused["code"] == 409  # the folder is that model's

    on = curl("POST", f"/{local}/toggle", {"enabled": True})
    assert (on["message"], on["inferenceId"].startswith(f"inf-{local}-")) == ("inference started", True)
    again = curl("POST", f"/{local}/toggle", {"enabled": True})
    assert again == {"message": "inference already exists", "inferenceId": on["inferenceId"]}
    curl.until(local, inferencePhase="Running")
    assert "modelscan" in chat("demo")
    assert chat(local) == chat("demo")

    # The very same, as somebody else's server: the gateway's own deployment behind an address and a key of its own.
    deployed = curl("GET", "?inferenceStatus=Running&limit=20&offset=0")
    assert (deployed["total"], [item["id"] for item in deployed["items"]]) == (1, [local])
    endpoint = _endpoint(real_home, on["inferenceId"])
    remote = curl(
        "POST",
        body={
            "source": {"url": f"{endpoint}/v1", "accessMode": "remote_api", "token": "sk-planted-secret"},
            "displayName": on["inferenceId"],
            "description": "elsewhere",
            "icon": "https://example.org/i.png",
            "label": "lab",
            "tags": ["a", "b"],
            "resources": {"cpu": "1", "memory": "1Gi", "gpu": "0"},
        },
    )["id"]
    shown = curl("GET", f"/{remote}")
    assert (shown["phase"], shown["message"]) == ("Ready", "Model ready (AccessMode: remote_api)")
    assert (shown["tags"], shown["sourceToken"]) == ("a,b", remote)
    assert "warning" not in curl("POST", f"/{remote}/toggle", {"enabled": True})
    assert "modelscan" in chat(remote)
    listed = curl("GET", "?accessMode=local")
    assert [item["id"] for item in listed["items"]] == [local]
    assert all(b"sk-planted-secret" not in file.read_bytes() for file in _told(real_home))

    assert curl("POST", f"/{local}/toggle", {"enabled": False}) == {"message": "inference stopped"}
    off = curl("GET", f"/{local}")
    assert (off["inferenceID"], off["inferencePhase"]) == ("", "Stopped")
    for model in (remote, local):
        gone = {"message": "model deleted successfully", "id": model}
        assert curl("DELETE", f"/{model}?purge=true") == gone
        assert curl("DELETE", f"/{model}") == {"error": f"playground model not found: {model}", "code": 404}
    assert not place.exists() or not any(place.iterdir())


def test_weights_in_s3_are_brought_and_served_with_that_model_s_keys(
    curl: Curl,
    chat: Callable[[str], str],
    real_home: Path,
    s3_server: str,  # noqa: F811
    s3_client: Any,  # noqa: F811
) -> None:
    s3_client.call_s3("create_bucket", Bucket="served")
    config = {"endpoint": s3_server, "bucket": "served", "region": "us-east-1", "accessKeyID": KEY_ID}
    target = {"type": "s3", "s3Config": {**config, "secretAccessKey": SECRET}}
    model = curl("POST", body={"source": {"url": "lab/demo", "accessMode": "local"}, "downloadTarget": target})["id"]
    ready, _ = curl.until(model, phase="Ready")
    assert (ready["downloadType"], ready["localPath"], SECRET in str(ready)) == ("s3", "", False)
    curl("POST", f"/{model}/toggle", {"enabled": True})
    curl.until(model, inferencePhase="Running")
    assert "modelscan" in chat(model)
    assert not any(SECRET.encode() in line for line in command_lines())
    assert all(SECRET.encode() not in file.read_bytes() for file in _told(real_home))
    curl("POST", f"/{model}/toggle", {"enabled": False})
    curl("DELETE", f"/{model}?purge=true")
    assert s3_client.find("served") == []
    assert all(SECRET.encode() not in file.read_bytes() for file in (real_home / "state").rglob("*") if file.is_file())


def _endpoint(home: Path, name: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "modelscan", "status", name, "--json"],
        env=user_environment(home),
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(done.stdout)["base_url"])


def _told(home: Path) -> list[Path]:
    """Everything in the state that is not the store of secrets."""
    return [file for file in (home / "state").rglob("*") if file.is_file() and "secrets" not in file.parts]
