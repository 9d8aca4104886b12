"""A real vLLM, one process of whose tree is killed in each round: nothing is left, the record is true, it starts again."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.end_to_end.conftest import Run, runs, user_environment

from modelscan.deployments.files import files_of
from modelscan.storage.ownership import live_supervisor
from modelscan.storage.paths import paths_below
from modelscan.system.processes.identity import Process, program_name, send, tagged_as
from modelscan.system.processes.ports import is_free

pytestmark = pytest.mark.slow
Modelscan = Callable[..., Any]
_SETTLED_SECONDS = 90.0


@pytest.fixture
def demo(modelscan: Modelscan, run: Run) -> Iterator[Any]:
    yield modelscan("deploy", "demo", "--yes")
    run("-m", "modelscan", "remove", "demo", check=False)


def generates(port: int) -> bool:
    body = json.dumps({"model": "demo", "prompt": "modelscan", "max_tokens": 4}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/completions", body, {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return bool(json.load(response)["choices"][0]["text"])
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def kill_a_command(home: Path, identity: str) -> None:
    """`kill -9` of `start` as soon as a supervisor has taken over."""
    argv = [sys.executable, "-m", "modelscan", "start", "demo"]
    with subprocess.Popen(argv, env=user_environment(home), stdout=subprocess.DEVNULL) as command:
        lock = files_of(paths_below(home), identity).lock
        while live_supervisor(lock, identity) is None:
            assert command.poll() is None, "it was over before it could be killed"
            time.sleep(0.02)
        command.kill()


def victim_of(role: str, demo: Any, home: Path, chance: random.Random) -> Process:
    tree = sorted(tagged_as(demo["id"]))
    supervisor = live_supervisor(files_of(paths_below(home), demo["id"]).lock, demo["id"])
    assert supervisor is not None
    if role == "supervisor":
        return supervisor
    if role == "API server":
        return next(process for process in tree if process.pid == demo["pid"])
    if role == "engine core":
        return next(process for process in tree if (program_name(process.pid) or "").startswith("VLLM::EngineCor"))
    if role == "worker":
        known = {demo["pid"]} | {p.pid for p in tree if (program_name(p.pid) or "").startswith("VLLM::EngineCor")}
        return next(process for process in reversed(tree) if process.pid not in known)
    return chance.choice([supervisor, *tree])


def test_six_rounds_of_killing_one(demo: Any, modelscan: Modelscan, real_home: Path) -> None:
    chance = random.Random(6)  # noqa: S311  repeatable, not secret
    assert generates(demo["port"])
    for role in ("command", "supervisor", "API server", "engine core", "worker", "any"):
        if role == "command":
            modelscan("stop", "demo")
            kill_a_command(real_home, demo["id"])
            demo = modelscan("wait", "demo")[0]
            assert generates(demo["port"])
        else:
            before = tagged_as(demo["id"])
            victim = victim_of(role, demo, real_home, chance)
            assert send(victim, signal.SIGKILL)
            deadline = time.monotonic() + _SETTLED_SECONDS
            while modelscan("status", "demo")["status"] in {"ready", "unhealthy"} and time.monotonic() < deadline:
                if victim not in tagged_as(demo["id"]) and generates(demo["port"]):
                    break  # a helper that it can do without
                time.sleep(1.0)
            shown = modelscan("status", "demo")
            assert shown["status"] == "failed" or generates(demo["port"]), (role, shown["status"], shown["message"])
            assert before
        old = {process.pid for process in tagged_as(demo["id"])}
        [stopped] = modelscan("stop", "demo")
        assert (stopped["error"], stopped["status"]) == (None, "stopped"), role
        assert tagged_as(demo["id"]) == set(), role
        assert not any(runs(pid) for pid in old), role
        assert is_free(demo["port"]), role
        [demo] = modelscan("start", "demo")
        assert demo["status"] == "ready", role
        assert generates(demo["port"]), role
