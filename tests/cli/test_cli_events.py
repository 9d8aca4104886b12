"""What happened, and what the list shows."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO

import pytest
from inline_snapshot import snapshot
from rich.console import Console
from tests.cli.conftest import Modelscan

from modelscan.cli.output.printer import PlainPrinter
from modelscan.cli.output.terminal import TerminalPrinter
from modelscan.cli.views.deployments import show_deployments
from modelscan.model import Deployment, DeploymentMemory
from modelscan.units import GIB

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@pytest.mark.usefixtures("vllm")
def test_each_change_of_status_is_an_event(modelscan: Modelscan) -> None:
    assert modelscan("events").stderr == "No events yet.\n"
    modelscan("deploy", "demo")
    modelscan("stop", "demo")
    modelscan("remove", "demo")
    events = modelscan("events", "demo", "--json").json
    kinds = [event["kind"] for event in events]
    assert (kinds[0], kinds[-1]) == ("pending", "stopped")
    assert "ready" in kinds
    assert {event["name"] for event in events} == {"demo"}
    assert [event["number"] for event in events] == sorted(event["number"] for event in events)
    first = modelscan("events").stdout.splitlines()[0]
    assert first == f"{events[0]['at']}  demo  pending: FP32 with vllm 0.32.0+cpu"
    assert [(event["kind"], event["message"]) for event in events][-2:] == [
        ("stopping", "on request"),
        ("stopped", "on request"),
    ]
    assert modelscan("events", "never-known").status == 3


@pytest.mark.usefixtures("vllm")
@pytest.mark.slow
def test_events_are_followed_one_json_object_a_line(modelscan: Modelscan) -> None:
    modelscan("deploy", "demo")
    command = [sys.executable, "-m", "modelscan", "events", "demo", "--follow", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        for line in following.stdout:
            if json.loads(line)["kind"] == "ready":
                break
        modelscan("stop", "demo")
        for line in following.stdout:
            if json.loads(line)["kind"] == "stopped":
                break
        following.send_signal(2)
    assert following.returncode == 130


def deployments() -> list[Deployment]:
    long = Deployment(
        id="1",
        name="qwen3-coder-480b-a35b-instruct-fp8-on-all-the-gpus",
        model="qwen/qwen3-coder-480b-a35b-instruct",
        backend="vllm",
        backend_version="0.33.0",
        status="ready",
        gpu_indices=(0, 1),
        port=8080,
        memory=DeploymentMemory(estimated_bytes=80 * GIB, measured_bytes=78 * GIB),
        started_at="2026-11-21T09:55:00Z",
        last_probe_at="2026-11-21T11:59:57Z",
        last_probe_ok=True,
    )
    unwell = Deployment(
        id="2",
        name="demo",
        model="modelscan/demo",
        backend="vllm",
        backend_version="0.32.0+cpu",
        status="unhealthy",
        message="3 consecutive probes failed",
        port=8081,
        memory=DeploymentMemory(estimated_bytes=2 * GIB),
        started_at="2026-11-18T11:00:00Z",
        last_probe_at="2026-11-21T11:59:00Z",
        last_probe_ok=False,
        restarts=2,
    )
    stopped = Deployment(id="3", name="old", model="lab/old", backend="sglang", status="stopped", port=8082)
    return [long, unwell, stopped]


def test_the_list_in_a_pipe() -> None:
    stream = StringIO()
    show_deployments(PlainPrinter(stream), deployments(), NOW)
    assert stream.getvalue() == snapshot("""\
NAME                                                STATUS     MODEL                                BACKEND          ON                MEMORY  PORT  HEALTH     UP     RESTARTS
qwen3-coder-480b-a35b-instruct-fp8-on-all-the-gpus  ready      qwen/qwen3-coder-480b-a35b-instruct  vllm 0.33.0      GPU 0,1  78.00/80.00 GiB  8080  ok 3s      2h 5m         0
demo                                                unhealthy  modelscan/demo                       vllm 0.32.0+cpu  CPU           ?/2.00 GiB  8081  silent 1m  3d 1h         2
old                                                 stopped    lab/old                              sglang           CPU              unknown  8082  -          -             0
demo: 3 consecutive probes failed
""")


def test_the_list_on_a_narrow_terminal() -> None:
    stream = StringIO()
    printer = TerminalPrinter(stream)
    printer._console = Console(file=stream, width=80, highlight=False, markup=False)
    printer.width = 80
    show_deployments(printer, deployments(), NOW)
    assert max(map(len, stream.getvalue().splitlines())) <= 80
    assert stream.getvalue() == snapshot("""\
NAME                                                STATUS     PORT  HEALTH
qwen3-coder-480b-a35b-instruct-fp8-on-all-the-gpus  ready      8080  ok 3s
demo                                                unhealthy  8081  silent 1m
old                                                 stopped    8082  -
demo: 3 consecutive probes failed
""")
