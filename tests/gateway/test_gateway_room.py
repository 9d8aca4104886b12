"""Two deployments on a GPU that holds one of them, behind the gateway: real processes, and a GPU that is a file."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gateway_house import free_port, until
from tests.cli import fake_vllm
from tests.cli.conftest import Ran
from tests.cli.driver import driving
from tests.hardware.ledger import gpu_in_a_file, overbooked

from modelscan.storage.shipped import shipped

pytestmark = pytest.mark.slow
SHARE = ("--gpu-memory-utilization", "0.6")


Command = Callable[..., Ran]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def modelscan(tmp_path: Path, port: int) -> Iterator[Command]:
    """The command, in a process that finds the GPU; the gateway runs in front of `a` and `b`, which do not run yet."""
    gpu = gpu_in_a_file(tmp_path / "nvml")
    if gpu is None:
        pytest.skip("no C compiler")
    program = fake_vllm.install(tmp_path / "bin", "0.32.0")
    environ = {
        **os.environ,
        **gpu,
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "MODELSCAN_STOP_GRACE": "1",
        "MODELSCAN_FIRST_PORT": str(free_port()),
        "MODELSCAN_GATEWAY_PORT": str(port),
        "MODELSCAN_GATEWAY_DRAIN": "2",
    }
    with driving(environ) as ask:

        def modelscan(*words: str) -> Ran:
            return ask(words, environ)

        assert modelscan("gateway", "start").status == 0
        try:
            for name in "ab":
                shutil.copytree(shipped("demo"), tmp_path / "weights" / name)
                done = modelscan("deploy", str(tmp_path / "weights" / name), "--name", name, "--on-demand", *SHARE)
                assert (done.status, f"Prepared {name}: its first request" in done.stdout) == (0, True), done.stderr
            yield modelscan
        finally:
            modelscan("gateway", "stop")
            modelscan("stop", "--all")


def stream(port: int, model: str, prompt: str = "Hello") -> bytes:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}], "stream": True}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/chat/completions", body, timeout=60) as answer:
        read: bytes = answer.read()
    return read


def test_an_idle_one_makes_room_and_a_busy_one_does_not(modelscan: Command, port: int, tmp_path: Path) -> None:
    body = json.dumps({"model": "a", "messages": [{"role": "user", "content": "for ever"}], "stream": True})
    request = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    answers: list[bytes] = []
    with socket.create_connection(("127.0.0.1", port), 30) as busy:
        busy.sendall(request.encode())
        until(lambda: b"word" in busy.recv(65_536), what="`a` to be started and to answer")
        other = threading.Thread(target=lambda: answers.append(stream(port, "b")))
        other.start()
        deadline = time.monotonic() + 4.0
        while time.monotonic() < deadline:
            assert b"word" in busy.recv(1_000_000)
        assert answers == []
        assert modelscan("status", "a", "--json").json["status"] == "ready"
    other.join(60)
    [answer] = answers
    assert answer.startswith(b": starting b\n\n")
    assert answer.endswith(b"data: [DONE]\n\n")
    [a, b] = modelscan("list", "--json").json
    assert (a["status"], a["stopped_by"], b["status"]) == ("stopped", "gateway", "ready")
    assert a["last_request_at"] is not None
    assert "stopped (by the gateway)" in modelscan("list").stdout
    told = [event["message"] for event in modelscan("events", "a", "--json").json if event["kind"] == "gateway"]
    assert told == ["started for a request", "stopped to make room for `b`"]
    assert overbooked(tmp_path / "nvml") == ""


def test_who_ask_for_both_at_once_are_all_served(modelscan: Command, port: int, tmp_path: Path) -> None:
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda name=name: answers.extend(stream(port, name) for _ in range(2)))  # type: ignore[misc]
        for name in "abab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(answers) == 8
    assert [answer for answer in answers if not answer.endswith(b"data: [DONE]\n\n")] == []
    assert overbooked(tmp_path / "nvml") == ""
    for name in "ab":
        kinds = [event["kind"] for event in modelscan("events", name, "--json").json]
        assert "failed" not in kinds
        assert kinds.count("starting") == kinds.count("ready") > 0
