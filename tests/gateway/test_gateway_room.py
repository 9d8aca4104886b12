"""Two deployments on a GPU that holds one of them, behind the gateway: real processes, and a GPU that is a file."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
def short() -> Iterator[Path]:
    """A home whose path leaves room for that of a socket."""
    with tempfile.TemporaryDirectory(prefix="ms-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def modelscan(tmp_path: Path, short: Path, port: int) -> Iterator[Command]:
    """The command, in a process that finds the GPU; a gateway runs."""
    gpu = gpu_in_a_file(tmp_path / "nvml")
    if gpu is None:
        pytest.skip("no C compiler")
    program = fake_vllm.install(tmp_path / "bin", "0.32.0")
    environ = {
        **os.environ,
        **gpu,
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "MODELSCAN_HOME": str(short),
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
            yield modelscan
        finally:
            modelscan("gateway", "stop")
            modelscan("stop", "--all")
        assert overbooked(tmp_path / "nvml") == ""


def prepare_two(modelscan: Command, folder: Path, *options: str) -> None:
    """`a` and `b`, of which neither runs yet."""
    for name in "ab":
        shutil.copytree(shipped("demo"), folder / name)
        done = modelscan("deploy", str(folder / name), "--name", name, "--on-demand", *SHARE, *options)
        assert (done.status, f"Prepared {name}: its first request" in done.stdout) == (0, True), done.stderr


def stream(port: int, model: str, prompt: str = "Hello") -> bytes:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": prompt}], "stream": True}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/chat/completions", body, timeout=60) as answer:
        read: bytes = answer.read()
    return read


def test_an_idle_one_makes_room_and_a_busy_one_does_not(modelscan: Command, port: int, tmp_path: Path) -> None:
    prepare_two(modelscan, tmp_path)
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


def test_who_ask_for_both_at_once_are_all_served(modelscan: Command, port: int, tmp_path: Path) -> None:
    prepare_two(modelscan, tmp_path)
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
    for name in "ab":
        kinds = [event["kind"] for event in modelscan("events", name, "--json").json]
        assert "failed" not in kinds
        assert kinds.count("starting") == kinds.count("ready") > 0


def now(modelscan: Command, name: str) -> dict[str, Any]:
    found: dict[str, Any] = modelscan("status", name, "--json").json
    return found


def test_what_may_sleep_is_woken_by_its_next_request(modelscan: Command, port: int, tmp_path: Path) -> None:
    prepare_two(modelscan, tmp_path, "--sleep")
    assert stream(port, "a").endswith(b"data: [DONE]\n\n")
    first = now(modelscan, "a")
    assert (first["status"], first["base_url"], first["port"]) == ("ready", None, None)
    assert stat.S_ISSOCK(Path(first["socket"]).stat().st_mode)
    for words in (("run", "a", "Hello"), ("env", "a", "--direct")):
        refused = modelscan(*words)
        assert refused.status == 7
        assert "listens on a Unix socket, which only the gateway reaches" in refused.stderr
    assert f":{port}/v1" in modelscan("env", "a").stdout
    assert modelscan("routes", "show", "--json").json["routes"] == []
    assert stream(port, "b").endswith(b"data: [DONE]\n\n")
    a, b = now(modelscan, "a"), now(modelscan, "b")
    assert (a["status"], a["phase"], a["stopped_by"], a["pid"]) == ("stopped", "asleep", "gateway", first["pid"])
    assert b["status"] == "ready"
    assert "stopped (asleep)" in modelscan("list").stdout
    assert [item["name"] for item in modelscan("ps", "--json").json] == ["a", "b"]
    assert stream(port, "a").endswith(b"data: [DONE]\n\n")
    a, b = now(modelscan, "a"), now(modelscan, "b")
    assert (a["status"], a["pid"], b["phase"]) == ("ready", first["pid"], "asleep")
    kinds = [event["kind"] for event in modelscan("events", "a", "--json").json]
    assert [kind for kind in kinds if kind in {"starting", "ready", "stopped"}] == [
        *("stopped", "starting", "ready", "stopped", "starting", "ready"),
    ]
    assert modelscan("stop", "--all").status == 0
    assert [(item["status"], item["phase"], item["pid"]) for item in modelscan("list", "--json").json] == [
        ("stopped", None, None)
    ] * 2


@pytest.mark.parametrize("role", ["supervisor", "backend"])
def test_what_is_killed_in_its_sleep_is_told_and_started_anew(
    modelscan: Command, port: int, tmp_path: Path, role: str
) -> None:
    prepare_two(modelscan, tmp_path, "--sleep", "--idle-timeout", "1s")
    assert stream(port, "a").endswith(b"data: [DONE]\n\n")
    until(lambda: now(modelscan, "a")["phase"] == "asleep", what="it to fall asleep")
    asleep = now(modelscan, "a")
    os.kill(asleep["supervisor_pid" if role == "supervisor" else "pid"], signal.SIGKILL)
    until(lambda: now(modelscan, "a")["phase"] is None, what="it to be told")
    killed = now(modelscan, "a")
    why = "its supervisor was killed while it was asleep" if role == "supervisor" else "it ended while it was asleep"
    assert (killed["status"], killed["message"], killed["pid"]) == ("stopped", why, None)
    assert stream(port, "a").endswith(b"data: [DONE]\n\n")
    assert now(modelscan, "a")["pid"] not in {None, asleep["pid"]}
