"""The demo on llama.cpp, for real: installed from the package index, deployed, asked, killed, started again, damaged."""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.adapter_maker import in_gguf
from tests.end_to_end.calls import assert_as_in_reference
from tests.end_to_end.conftest import ask, command_lines, runs, status_of, user_environment

from modelscan.deployments.files import files_of
from modelscan.storage.ownership import live_supervisor
from modelscan.storage.paths import paths_below
from modelscan.storage.shipped import shipped
from modelscan.system.processes.identity import send, tagged_as
from modelscan.system.processes.ports import is_free

pytestmark = pytest.mark.slow

# What vLLM answers in float32, to the byte.
ANSWER = "modelscan is a command-line tool that takes you from the name of an open model to a healthy vLLM endpoint."
WEIGHTS = "modelscan-demo-Q8_0.gguf"
_SETTLED_SECONDS = 60.0

Ran = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def llama_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MODELSCAN_HOME with llama.cpp installed."""
    home = tmp_path_factory.mktemp("llama") / "home"
    argv = [sys.executable, "-m", "modelscan", "backend", "install", "llamacpp", "--json"]
    done = subprocess.run(argv, env=user_environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["backend"], made["device"], list(made["requirements"])) == ("llamacpp", "cpu", ["xllamacpp"])
    return home


@pytest.fixture
def run(llama_home: Path) -> Iterator[Callable[..., Ran]]:
    def run(*arguments: str) -> Ran:
        argv = [sys.executable, "-m", "modelscan", *arguments]
        return subprocess.run(argv, env=user_environment(llama_home), capture_output=True, text=True, check=False)

    yield run
    run("stop", "--all")
    names = run("list", "-q").stdout.split()
    if names:
        run("remove", *names)
    assert not any(str(llama_home).encode() in line for line in command_lines())


@pytest.fixture
def modelscan(run: Callable[..., Ran]) -> Callable[..., Any]:
    def modelscan(*arguments: str) -> Any:
        done = run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return modelscan


def error_of(done: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stderr)["error"]
    return found


def settled(modelscan: Callable[..., Any], name: str, *, restarts: int) -> Any:
    """The deployment once it is ready again after it was killed."""
    deadline = time.monotonic() + _SETTLED_SECONDS
    while True:
        now = modelscan("status", name)
        if (now["status"] == "ready" and now["restarts"] >= restarts) or time.monotonic() >= deadline:
            return now
        time.sleep(0.1)


def test_it_answers_as_vllm_does_and_survives_kills(
    run: Callable[..., Ran], modelscan: Callable[..., Any], llama_home: Path
) -> None:
    demo = modelscan("deploy", "demo", "--backend", "llamacpp", "--restart", "on-failure")
    assert (demo["status"], demo["backend"], demo["quantization"]) == ("ready", "llamacpp", "Q8_0")
    assert ask(demo, "What is modelscan?") == ANSWER
    assert ask(demo, "What is modelscan?", model="modelscan/demo") == ANSWER
    assert_as_in_reference(demo["base_url"], "llamacpp", {"chat": "demo"})
    assert modelscan("deploy", "demo", "--backend", "llamacpp", "--restart", "on-failure")["changed"] is False
    memory = demo["memory"]
    assert memory["estimated_bytes"] > 0
    assert 10 << 20 < memory["measured_bytes"] < 200 << 20  # 39 MiB: the program and 2 MB of weights
    assert "predicted" in run("status", "demo").stdout
    assert "load_tensors: " in run("logs", "demo").stdout

    server = next(process for process in tagged_as(demo["id"]) if process.pid == demo["pid"])
    assert send(server, signal.SIGKILL)
    again = settled(modelscan, "demo", restarts=1)
    assert (again["status"], again["restarts"]) == ("ready", 1)
    assert again["pid"] != demo["pid"]
    assert ask(again, "What is modelscan?") == ANSWER

    supervisor = live_supervisor(files_of(paths_below(llama_home), demo["id"]).lock, demo["id"])
    assert supervisor is not None
    assert send(supervisor, signal.SIGKILL)
    while runs(supervisor.pid):
        time.sleep(0.02)
    assert modelscan("status", "demo")["status"] == "failed"
    [started] = modelscan("start", "demo")
    assert (started["status"], started["argv"]) == ("ready", demo["argv"])
    assert ask(started, "What is modelscan?") == ANSWER

    [restarted] = modelscan("restart", "demo")
    assert restarted["status"] == "ready"
    pids = {process.pid for process in tagged_as(demo["id"])}
    [stopped] = modelscan("stop", "demo")
    assert (stopped["status"], stopped["last_error"]) == ("stopped", None)
    assert not any(runs(pid) for pid in pids)
    assert is_free(demo["port"])
    assert modelscan("remove", "demo")[0]["removed_at"]


def test_a_key_guards_it_and_is_written_nowhere(
    run: Callable[..., Ran], modelscan: Callable[..., Any], llama_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"planted-{secrets.token_hex(12)}"
    monkeypatch.setenv("PLANTED_KEY", key)
    made = modelscan("deploy", "demo", "--backend", "llamacpp", "--name", "guarded", "--api-key-env", "PLANTED_KEY")
    for path in ("/v1/chat/completions", "/metrics", "/props", "/tokenize"):
        assert [status_of(made["port"], path, given) for given in (None, "wrong", f"{key}x", key[:-1])] == [401] * 4
        assert status_of(made["port"], path, key) != 401, path
    assert status_of(made["port"], "/health", None) == 200
    page = urllib.request.Request(f"{made['base_url']}/health", headers={"origin": "https://a-page.example"})
    with urllib.request.urlopen(page, timeout=30) as response:
        assert response.headers["access-control-allow-origin"] == "https://nowhere.invalid"
    told = run("status", "guarded").stdout + run("logs", "guarded").stdout
    assert key[-4:] not in told.split("api_keys: ", 1)[1].splitlines()[0]  # of one key it shows the end
    assert key not in told
    assert not any(key.encode() in line for line in command_lines())
    for path in (llama_home / "state").rglob("*"):
        assert not path.is_file() or key.encode() not in path.read_bytes(), path


def test_why_it_does_not_start_is_said(run: Callable[..., Ran], tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(shipped("demo-gguf"), folder)
    deploy = ("deploy", str(folder), "--backend", "llamacpp", "--restart", "no", "--json")
    content = bytearray((folder / WEIGHTS).read_bytes())
    place = content.index(b"blk.3.ffn_down.weight")
    content[place : place + 5] = b"other"
    (folder / WEIGHTS).write_bytes(content)
    failed = error_of(run(*deploy))
    assert failed["code"] == "backend_failed"
    assert failed["message"].endswith("check_tensor_dims: tensor 'blk.3.ffn_down.weight' not found")

    refused = error_of(run("deploy", "demo", "--backend", "llamacpp", "--backend-arg=--rpc=10.0.0.1:1", "--json"))
    assert (refused["code"], refused["message"]) == ("usage", "`--rpc=10.0.0.1:1` is not allowed for llama.cpp")
    wrong = run("deploy", "demo", "--backend", "llamacpp", "--name", "wrong", "--backend-arg=--top-k=many", "--json")
    assert "the value of the argument `--top-k` is refused" in json.dumps(error_of(wrong))


def test_a_port_that_is_taken(run: Callable[..., Ran]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = run("deploy", "demo", "--backend", "llamacpp", "--port", str(port), "--json")
    assert (taken.returncode, error_of(taken)["code"]) == (8, "conflict")


def test_embeddings_with_the_pooling_that_is_asked(modelscan: Callable[..., Any], llama_home: Path) -> None:
    """The program itself: the demo is no embedding model, but any model gives one."""
    program = modelscan("backend", "show", "llamacpp")["program"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    argv = [program, "--model", str(shipped("demo-gguf") / WEIGHTS), "--port", str(port), "--embeddings"]
    with subprocess.Popen([*argv, "--pooling", "mean", "--no-ui"], stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + _SETTLED_SECONDS
            while is_free(port) or status_of(port, "/health", None) != 200:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            answer = json.loads(
                subprocess.run(
                    ["curl", "-s", f"http://127.0.0.1:{port}/v1/embeddings", "-d", '{"input": ["a kitten"]}'],
                    capture_output=True,
                    check=True,
                ).stdout
            )
            assert len(answer["data"][0]["embedding"]) == 192
        finally:
            server.terminate()
    assert server.returncode == 0


def test_an_adapter_answers_at_the_gateway_and_leaves_the_model_as_it_is(
    modelscan: Callable[..., Any], tmp_path: Path
) -> None:
    """Of zeros, it changes nothing; what is looked at is that it is loaded, chosen, and none by default."""
    (file := tmp_path / "same.gguf").write_bytes(in_gguf())
    made = modelscan("deploy", "demo", "--adapter", f"same={file}", "--timeout", "100")
    assert (made["backend"], [item["name"] for item in made["adapters"]]) == ("llamacpp", ["same"])
    with urllib.request.urlopen(f"{made['base_url']}/lora-adapters") as answer:
        assert [item["scale"] for item in json.load(answer)] == [0.0]
    assert ask(made, "What is modelscan?") == ANSWER
