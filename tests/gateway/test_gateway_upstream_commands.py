"""`model add` of what somebody else runs: what a user types, what they see, and where keys never are."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_upstream import FakeUpstream
from gateway_house import free_port, until
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan, folder, modelscan, vllm  # noqa: F401  fixtures
from tests.fake_ollama import FakeOllama

from modelscan.routing.gateway_files import gateway_files
from modelscan.services.files import read_status
from modelscan.storage.paths import paths_below

KEY = "sk-planted0secret0of0an0upstream"


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan) -> Iterator[int]:  # noqa: F811
    chosen = free_port()
    monkeypatch.setenv("MODELSCAN_GATEWAY_PORT", str(chosen))
    monkeypatch.setenv("MODELSCAN_GATEWAY_DRAIN", "2")
    monkeypatch.setenv("MODELSCAN_GATEWAY_CHECK", "0.3")
    yield chosen
    modelscan("gateway", "stop")


def chat(port: int, model: str, **fields: Any) -> tuple[int, Any]:
    body = json.dumps({"model": model, "messages": [], **fields}).encode()
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", body)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return 200, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]["message"]


def served(modelscan: Modelscan) -> dict[str, str]:  # noqa: F811
    return {item["id"]: item["status"] for item in modelscan("gateway", "status", "--json").json["models"]}


def asked(upstream: FakeUpstream) -> dict[str, Any]:
    """The last request with a body: the gateway also looks by itself whether the upstream answers."""
    last: dict[str, Any] = json.loads(next(body for *_, body in reversed(upstream.requests) if body))
    return last


def test_a_provider_from_add_to_remove(
    modelscan: Modelscan,  # noqa: F811
    port: int,
    upstream: FakeUpstream,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def shown(text: str) -> str:
        return text.replace(upstream.base_url, "UPSTREAM").replace(str(port), "PORT")

    ran = modelscan(
        "model", "add", "big", "--upstream", upstream.base_url, "--api-key-env", "BIG_KEY", "--upstream-model", "big-1"
    )
    assert (ran.status, shown(ran.stdout), shown(ran.stderr)) == snapshot(
        (
            0,
            "big  registered: UPSTREAM/v1 as big-1\n",
            """\
warning: `BIG_KEY` is not set here: the gateway reads it where it is started (export BIG_KEY=…; modelscan gateway restart)
The gateway serves it: modelscan gateway start
""",
        )
    )
    again = modelscan("model", "add", "big", "--upstream", upstream.base_url)
    assert (again.status, again.stderr) == snapshot(
        (
            8,
            """\
error: `big` is already registered
hint: modelscan model edit big
hint: modelscan model remove big
""",
        )
    )
    modelscan("gateway", "start")
    assert shown(modelscan("gateway", "status").stdout) == snapshot("""\
gateway  running  http://127.0.0.1:PORT
keys  none: everybody on this machine may ask
MODEL  SERVED BY  STATUS
big    big        failed
big-1  big        failed
big: its key is missing: `BIG_KEY` is not set where the gateway was started
""")
    assert chat(port, "big") == snapshot(
        (503, "`big` cannot be used: its key is missing: `BIG_KEY` is not set where the gateway was started")
    )
    monkeypatch.setenv("BIG_KEY", KEY)
    modelscan("gateway", "restart")
    until(lambda: served(modelscan) == {"big": "ready", "big-1": "ready"}, what="the upstream to answer")
    assert chat(port, "big")[0] == 200
    assert asked(upstream)["model"] == "big-1"
    assert upstream.requests[-1][2]["authorization"] == f"bearer {KEY}".lower()

    modelscan("model", "edit", "big", "--set", "upstream_model=big-2", "--set", "defaults.temperature=0.5")
    changed = {"temperature": 0.5, "model": "big-2", "messages": []}
    until(lambda: chat(port, "big") and asked(upstream) == changed, what="the change to count")
    modelscan("model", "disable", "big")
    until(lambda: chat(port, "big") == (404, "there is no model `big`"), what="it to be gone")
    modelscan("model", "enable", "big")
    until(lambda: chat(port, "big")[0] == 200, what="it to be back")

    document = modelscan("model", "export", "big", "--json").json[0]
    assert {**document, "upstream_base_url": ""} == snapshot(
        {
            "id": "big",
            "name": "big",
            "type": "chat",
            "runtime": "upstream",
            "enabled": True,
            "defaults": {"temperature": 0.5},
            "upstream_api_key_env": "BIG_KEY",
            "upstream_base_url": "",
            "upstream_model": "big-2",
        }
    )
    assert modelscan("model", "remove", "big").status == 0
    until(lambda: chat(port, "big")[0] == 404, what="it to be gone for good")
    monkeypatch.setenv("MODELSCAN_SEED_MODEL_1", json.dumps(document))
    modelscan("model", "seed")
    until(lambda: chat(port, "big")[0] == 200, what="the seed to count")


def test_no_key_is_in_the_state(
    modelscan: Modelscan,  # noqa: F811
    home: Path,
    port: int,
    upstream: FakeUpstream,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BIG_KEY", KEY)
    monkeypatch.setenv("MODELSCAN_LITELLM_FILE", str(home / "litellm.yaml"))
    said = [modelscan("model", "add", "big", "--upstream", upstream.base_url, "--api-key-env", "BIG_KEY")]
    said += [modelscan("model", "add", "all", "--from-running", upstream.base_url, "--api-key-env", "BIG_KEY")]
    said += [modelscan("gateway", "start"), modelscan("model", "inspect", "big"), modelscan("gateway", "status")]
    for do in ("plain", "status", "die-early", "lacks"):
        said += [chat(port, "big", do=do, leak=True, status=403)]  # type: ignore[list-item]
    upstream.kill()
    chat(port, "big")
    said += [modelscan("routes", "export", "--format", "litellm"), modelscan("model", "export", "big")]
    assert any(KEY in headers.get("authorization", "") for _, _, headers, _ in upstream.requests)
    status = read_status(gateway_files(paths_below(home)))
    argv = [Path(f"/proc/{status[name]}/cmdline").read_bytes() for name in ("pid", "supervisor")]
    modelscan("gateway", "stop")
    files = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert any("state" in path.parts for path in files)
    assert [path for path, content in files.items() if KEY.encode() in content] == []
    assert not any(KEY.encode() in words or not words for words in argv)
    assert KEY not in repr(said)


def test_what_ollama_has(modelscan: Modelscan, port: int, ollama: FakeOllama) -> None:  # noqa: F811
    listed = modelscan("model", "add", "--ollama")
    assert (listed.stdout, listed.stderr) == snapshot(
        (
            """\
TAG                      TYPE    QUANTIZATION        SIZE  CONTEXT  REGISTERED AS
smollm2:135m             chat    F16           258.35 MiB        -  -
nomic-embed-text:latest  embed   F16           261.60 MiB        -  -
llava:latest             vision  Q4_0            4.41 GiB   32,768  -
""",
            "Register one: modelscan model add smollm2:135m --ollama\n",
        )
    )
    assert modelscan("model", "add", "smollm2:135m", "--ollama").stdout.replace(str(ollama.port), "OLLAMA") == snapshot(
        "smollm2:135m  registered: http://127.0.0.1:OLLAMA/v1\n"
    )
    modelscan("model", "add", "ears", "--ollama", "--upstream-model", "library/nomic-embed-text")
    refused = {name: modelscan("model", "add", name, "--ollama") for name in ("smollm:135m", "gpt-oss:120b-cloud")}
    assert {name: (ran.status, ran.stderr) for name, ran in refused.items()} == snapshot(
        {
            "smollm:135m": (
                3,
                """\
error: Ollama has no `smollm:135m`
hint: did you mean `smollm2:135m`?
hint: ollama pull smollm:135m
""",
            ),
            "gpt-oss:120b-cloud": (
                2,
                """\
error: `gpt-oss:120b-cloud` runs in Ollama's cloud, not on this machine
hint: modelscan model add --ollama
""",
            ),
        }
    )
    modelscan("gateway", "start")
    until(lambda: served(modelscan).get("ears") == "ready", what="Ollama to be asked")
    assert served(modelscan) == snapshot(
        {"ears": "ready", "nomic-embed-text": "ready", "nomic-embed-text:latest": "ready", "smollm2:135m": "ready"}
    )
    for name in ("smollm2:135m", "ears", "nomic-embed-text"):
        assert chat(port, name)[0] == 200
    asked = [body["model"] for path, body in ollama.requests if path == "/v1/chat/completions"]
    assert asked == snapshot(["smollm2:135m", "nomic-embed-text:latest", "nomic-embed-text"])
    assert {path for path, _ in ollama.requests} <= {"/api/tags", "/v1/models", "/v1/chat/completions"}
    ran = modelscan("deploy", "smollm2:135m")
    assert (ran.status, ran.stderr) == snapshot(
        (
            8,
            """\
error: `smollm2:135m` runs at an upstream: there is nothing to deploy
  it is an Ollama daemon of yours
hint: modelscan gateway start
hint: modelscan model inspect smollm2:135m
""",
        )
    )
    exported = modelscan("routes", "export", "--format", "litellm", "--json").json["model_list"]
    assert [(item["model_name"], item["litellm_params"]["model"]) for item in exported] == snapshot(
        [("ears", "ollama/nomic-embed-text:latest"), ("smollm2:135m", "ollama_chat/smollm2:135m")]
    )


def test_a_deployment_of_ollama_is_served(modelscan: Modelscan, port: int, ollama: FakeOllama) -> None:  # noqa: F811
    """By its own name, and by those that Ollama has for the model; each is asked for as Ollama has it."""
    assert modelscan("deploy", "llava", "--backend", "ollama", "--name", "eyes", "--alias", "see").status == 0
    modelscan("gateway", "start")
    assert {name: chat(port, name)[0] for name in ("eyes", "see", "llava", "llava:latest")} == snapshot(
        {"eyes": 200, "see": 200, "llava": 200, "llava:latest": 200}
    )
    asked = [body["model"] for path, body in ollama.requests if path == "/v1/chat/completions"]
    assert asked == snapshot(["llava:latest", "llava:latest", "llava", "llava:latest"])
    modelscan("stop", "eyes")
    until(lambda: chat(port, "eyes")[0] != 200, what="the gateway to know that it is stopped")
    assert chat(port, "eyes") == snapshot((503, "`eyes` is stopped"))


def test_without_ollama(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    ran = modelscan("model", "add", "--ollama")
    assert (ran.status, ran.stderr) == snapshot(
        (
            6,
            """\
error: Ollama does not answer at `http://127.0.0.1:9`
  [Errno 111] Connection refused
hint: start it as you always do: ollama serve
hint: where it is elsewhere: export OLLAMA_HOST=http://HOST:PORT
""",
        )
    )


def test_a_seed_of_ollama_s_is_served(
    modelscan: Modelscan,  # noqa: F811
    port: int,
    ollama: FakeOllama,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed = {"id": "smollm2:135m", "name": "Small", "type": "chat", "runtime": "ollama"}
    monkeypatch.setenv("MODELSCAN_SEED_MODEL_1", json.dumps(seed))
    modelscan("gateway", "start")
    until(lambda: served(modelscan).get("smollm2:135m") == "ready", what="the seed to be served")
    assert chat(port, "smollm2:135m")[0] == 200


def test_a_server_that_runs_already(modelscan: Modelscan, ollama: FakeOllama) -> None:  # noqa: F811
    address = f"http://127.0.0.1:{ollama.port}"
    several = modelscan("model", "add", "mine", "--from-running", address)
    assert (several.status, several.stderr.replace(address, "SERVER")) == snapshot(
        (
            2,
            """\
error: the 5 models of `SERVER/v1`: which one is `mine`?
  `smollm2:135m`, `nomic-embed-text:latest`, `llava:latest`, `gpt-oss:120b-cloud`, `mine:latest`
hint: --upstream-model smollm2:135m
""",
        )
    )
    one = modelscan("model", "add", "mine", "--from-running", address, "--upstream-model", "llava:latest", "--json")
    assert one.json["upstream"] == {"base_url": f"{address}/v1", "api_key_env": None, "model": "llava:latest"}
    wrong = modelscan("model", "add", "other", "--from-running", address, "--upstream-model", "lava")
    assert (wrong.status, wrong.stderr.replace(address, "SERVER")) == snapshot(
        (
            3,
            """\
error: `SERVER/v1` has no `lava`
  it has `smollm2:135m`, `nomic-embed-text:latest`, `llava:latest`, `gpt-oss:120b-cloud`, `mine:latest`
hint: --upstream-model smollm2:135m
""",
        )
    )
    every = modelscan("model", "add", "--from-running", address, "--json")
    assert [item["id"] for item in every.json] == [item["name"] for item in ollama.tags]
    again = modelscan("model", "add", "--from-running", address)
    assert (again.status, again.error if "--json" in again.stderr else again.stderr.replace(address, "SERVER")) == (
        snapshot(
            (
                8,
                """\
error: all that `SERVER/v1` has is already registered
hint: modelscan model list
hint: modelscan model add NAME --from-running SERVER/v1
""",
            )
        )
    )
    gone = modelscan("model", "add", "--from-running", "http://127.0.0.1:9")
    assert (gone.status, gone.stderr) == snapshot(
        (
            6,
            """\
error: `http://127.0.0.1:9/v1/models` cannot be reached
  [Errno 111] Connection refused
""",
        )
    )


def test_the_gateway_is_no_upstream_of_its_own(modelscan: Modelscan, port: int) -> None:  # noqa: F811
    modelscan("gateway", "start")
    for words in (("--from-running",), ("x", "--upstream")):
        ran = modelscan("model", "add", *words, f"http://127.0.0.1:{port}/v1")
        assert (ran.status, ran.stderr.replace(str(port), "PORT")) == snapshot(
            (
                2,
                """\
error: `http://127.0.0.1:PORT/v1` is this gateway itself
hint: modelscan gateway status
""",
            )
        )


def test_two_that_know_their_model_by_one_name_share_it(
    modelscan: Modelscan,  # noqa: F811
    port: int,
    upstream: FakeUpstream,
    other: FakeUpstream,
) -> None:
    for name, there in (("one", upstream), ("two", other)):
        modelscan("model", "add", name, "--upstream", there.base_url, "--upstream-model", "big")
    modelscan("routes", "fallback", "big", "one")
    modelscan("gateway", "start")
    for _ in range(8):
        assert chat(port, "big")[0] == 200
    counts = [sum(item[0] == "POST" for item in there.requests) for there in (upstream, other)]
    assert counts == [4, 4]
    modelscan("routes", "weight", "one", "3")
    exported = modelscan("routes", "export", "--format", "litellm", "--json").json
    entries = [
        (item["model_name"], item["model_info"]["id"], item["litellm_params"].get("weight"))
        for item in exported["model_list"]
    ]
    assert (entries, exported["router_settings"]["fallbacks"]) == snapshot(
        (
            [
                ("one", "upstream:one", None),
                ("two", "upstream:two", None),
                ("big", "upstream:one:big", 3),
                ("big", "upstream:two:big", 1),
            ],
            [{"big": ["one"]}],
        )
    )
    refused = modelscan("routes", "alias", "one", "two")
    assert (refused.status, refused.stderr) == snapshot(
        (
            8,
            """\
error: `one` is the name of a deployment or an upstream
hint: modelscan routes alias OTHER-NAME two
hint: modelscan gateway status
""",
        )
    )


def test_clients_are_led_to_the_gateway(modelscan: Modelscan, port: int, upstream: FakeUpstream) -> None:  # noqa: F811
    modelscan("model", "add", "big", "--upstream", upstream.base_url)
    away = modelscan("env", "big")
    assert (away.status, away.stderr) == snapshot(
        (
            7,
            """\
error: `big` is reached through the gateway, which is not running
hint: modelscan gateway start
""",
        )
    )
    modelscan("gateway", "start")
    assert modelscan("env", "big").stdout.replace(str(port), "PORT") == snapshot("""\
export OPENAI_BASE_URL=http://127.0.0.1:PORT/v1
export OPENAI_API_KEY=none
export MODEL_API_URL=http://127.0.0.1:PORT/v1
export MODEL_NAME=big
""")
    shown = modelscan("connect", "aider", "--model", "big", "--print", "--json").json
    assert (shown["deployment"], shown["base_url"]) == ("big", f"http://127.0.0.1:{port}")


def test_prices_are_those_of_models_dev(modelscan: Modelscan) -> None:  # noqa: F811
    ran = modelscan("--offline", "model", "add", "gpt-4o", "--upstream", "https://api.openai.com/v1", "--json")
    found = ran.json
    assert (found["type"], found["upstream"]["api_key_env"], found["context_length"]) == snapshot(
        ("chat", "OPENAI_API_KEY", 128000)
    )
    assert found["pricing"]["input"] > 0
    assert (
        "per million tokens"
        in modelscan(
            "--offline", "model", "add", "openai/gpt-oss-120b", "--upstream", "https://api.groq.com/openai/v1"
        ).stdout
    )


@pytest.mark.parametrize(
    "words",
    [
        ("--upstream", "https://host/v1"),
        ("x", "--upstream", "https://user:pw@host/v1"),
        ("x", "--upstream", "ftp://host"),
        ("x", "--upstream", "https://host/v1", "--ollama"),
        ("x", "--api-key-env", "VAR"),
        ("x", "--upstream", "https://host/v1", "--api-key-env", "sk-not a name"),
    ],
)
def test_wrong_usage(modelscan: Modelscan, words: tuple[str, ...]) -> None:  # noqa: F811
    ran = modelscan("--offline", "model", "add", *words)
    assert ran.status == 2
    assert "pw" not in ran.stderr
    assert "sk-not" not in ran.stderr
    assert os.linesep in ran.stderr
