"""SGLang's launcher, flags, log, failure and stop, on a real SGLang with two shims in place of its kernels."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.conftest import ask, command_lines, status_of, user_environment
from tests.end_to_end.sglang_on_cpu import VERSION, install

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def modelscan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """`modelscan … --json`, read, with the shimmed SGLang as the user's own on PATH."""
    folder = tmp_path_factory.mktemp("sglang")
    programs = install(folder)

    def modelscan(*arguments: str) -> Any:
        environment = user_environment(folder / "home")
        environment["PATH"] = f"{programs}{os.pathsep}{environment['PATH']}"
        done = subprocess.run(
            [sys.executable, "-m", "modelscan", *arguments, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    yield modelscan
    modelscan("stop", "--all")


def children(pid: int) -> dict[str, int]:
    """Name of each process that `pid` started, and its id."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                name = (entry / "cmdline").read_text().partition("\0")[0]
            except OSError:
                continue
            if fields[1] == str(pid) and fields[0] != "Z":
                found[name] = int(entry.name)
    return found


def test_it_serves_fails_with_its_reason_and_starts_again(modelscan: Callable[..., Any]) -> None:
    [found] = [item for item in modelscan("backend", "list") if item["backend"] == "sglang"]
    assert (found["version"], found["device"], found["managed"]) == (VERSION, "cpu", False)

    deployment = modelscan("deploy", "demo", "--backend", "sglang", "--name", "shimmed")
    assert (deployment["status"], deployment["host"]) == ("ready", "127.0.0.1")
    assert deployment["kv_cache_tokens"] == 8192  # from its log
    assert deployment["memory"]["measured_bytes"] > 1024**3
    for name in deployment["served_model_names"]:
        answer = ask(deployment, "What is modelscan?", model=name, max_tokens=12)
        assert "modelscan is a command-line tool" in answer

    members = children(deployment["pid"])
    assert {"sglang::scheduler", "sglang::detokenizer"} <= set(members)
    os.kill(members["sglang::scheduler"], signal.SIGKILL)
    deadline = time.monotonic() + 60  # it waits five seconds before it kills its own tree
    while (status := modelscan("status", "shimmed"))["status"] != "failed" and time.monotonic() < deadline:
        time.sleep(0.5)
    assert status["last_error"] == "its scheduler was killed with SIGKILL"
    assert children(deployment["pid"]) == {}

    [again] = modelscan("start", "shimmed")
    assert again["status"] == "ready"
    [stopped] = modelscan("stop", "shimmed")
    assert stopped["status"] == "stopped"
    assert children(again["pid"]) == {}


def test_a_key_reaches_it_in_a_file_that_is_gone_again(
    modelscan: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"planted-{secrets.token_hex(12)}"
    monkeypatch.setenv("PLANTED_KEY", key)
    deployment = modelscan("deploy", "demo", "--backend", "sglang", "--name", "guarded", "--api-key-env", "PLANTED_KEY")
    port = deployment["port"]
    for path in ("/v1/models", "/model_info", "/server_info", "/get_model_info"):
        assert [status_of(port, path, given) for given in (None, "wrong", key)] == [401, 401, 200], path
    assert status_of(port, "/health", None) == 200
    assert "modelscan" in modelscan("run", "guarded", "What is modelscan?", "--temperature", "0")["answer"]
    folder = Path(deployment["log_path"]).parent
    assert not (folder / "key.yaml").exists()
    for file in folder.parent.parent.rglob("*"):
        assert not file.is_file() or key.encode() not in file.read_bytes(), file
    assert not any(key.encode() in line for line in command_lines())
    modelscan("remove", "guarded")
