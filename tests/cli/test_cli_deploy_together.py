"""Deploys at the same time: one starts, the others follow it; a replacement is whole or not at all."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Modelscan

from modelscan.system.processes.identity import tagged

pytestmark = pytest.mark.usefixtures("vllm")


def together(count: int, *arguments: str) -> list[tuple[int, Any]]:
    argv = [sys.executable, "-m", "modelscan", "deploy", *arguments, "--json"]
    running = [subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(count)]
    ended = [(process, *process.communicate(timeout=120)) for process in running]
    return [(process.returncode, json.loads(out or err)) for process, out, err in ended]


@pytest.mark.parametrize("trials", [1, pytest.param(8, marks=pytest.mark.slow)])
@pytest.mark.parametrize("more", [(), ("--port", "{port}"), ("--replace",)])
@pytest.mark.slow
def test_the_same_deploy_at_the_same_time_starts_one(
    more: tuple[str, ...], trials: int, modelscan: Modelscan, home: Path, folder: Path
) -> None:
    for _ in range(trials):
        if "--replace" in more:
            old = modelscan("deploy", str(folder), "--context-length", "512", "--json").json["id"]
        port = str(modelscan("deploy", "demo", "--name", "other", "--json").json["port"] + 40)
        ended = together(5, str(folder), *(word.format(port=port) for word in more))
        assert [(status, shown.get("status")) for status, shown in ended] == [(0, "ready")] * 5, ended
        assert len({shown["id"] for _, shown in ended}) == 1
        listed = [item for item in modelscan("list", "--json").json if item["name"] == "tiny"]
        assert [item["id"] for item in listed] == [ended[0][1]["id"]]
        ours = {item.deployment for item in tagged() if item.state == str(home / "state")}
        assert len(ours) == 2
        if "--replace" in more:
            assert old not in ours
        assert modelscan("remove", "tiny", "other").status == 0


@pytest.mark.parametrize("trials", [2, pytest.param(12, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_a_replacement_that_is_killed_leaves_the_old_or_the_new(
    trials: int, modelscan: Modelscan, folder: Path
) -> None:
    chance = random.Random(trials)  # noqa: S311  repeatable, not secret
    for _ in range(trials):
        old = modelscan("deploy", str(folder), "--json").json
        argv = [sys.executable, "-m", "modelscan", "deploy", str(folder), "--context-length", "512", "--replace"]
        with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline and process.poll() is None:
                [now] = modelscan("list", "--json").json  # there is one at every moment
                assert now["name"] == "tiny"
                if now["id"] != old["id"] or now["status"] != "ready":
                    break
            time.sleep(chance.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
        [left] = modelscan("list", "--json").json
        assert left["name"] == "tiny"
        [started] = modelscan("start", "tiny", "--json").json
        assert (started["error"], started["status"]) == (None, "ready")
        assert modelscan("remove", "tiny").status == 0
