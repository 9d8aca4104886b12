"""What a start shows while it lasts: steps, elapsed time, time left that counts down, the last line of the log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from rich.console import Console
from tests.cli.conftest import Modelscan

from modelscan.cli.output.step_line import StepLine
from modelscan.model import Deployment, Progress
from modelscan.running.progress import last_log_line, step_event

BEGAN = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


class Hands:
    """A clock whose hands a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def starting(log: Path) -> Deployment:
    return Deployment(
        id="1",
        name="demo",
        model="modelscan/demo",
        backend="vllm",
        status="starting",
        phase="loading weights",
        progress=Progress(fraction=0.4, expected_at="2026-11-30T12:05:14Z"),
        started_at="2026-11-30T12:00:00Z",
        log_path=str(log),
    )


def drawn(line: StepLine) -> str:
    stream = StringIO()
    Console(file=stream, width=60).print(line)
    return stream.getvalue()


def test_times_move_without_an_event_and_the_log_is_read_again(tmp_path: Path) -> None:
    log, clock = tmp_path / "backend.log", Hands()
    log.write_text("2026-11-30T12:00:01Z one\n")
    line = StepLine(step_event(starting(log), clock.now()), clock, last_log_line)
    assert drawn(line) == snapshot("""\
loading weights 40%  0:00 elapsed, about 5:14 left
one
""")
    log.write_text(f"2026-11-30T12:00:01Z one\n2026-11-30T12:00:02Z \x1b[31m{'long ' * 40}\n\n")
    clock.sleep(75)
    assert drawn(line) == snapshot("""\
loading weights 40%  1:15 elapsed, about 3:59 left
[31mlong long long long long long long long long long long …
""")
    clock.sleep(600)
    assert drawn(line).splitlines()[0] == "loading weights 40%  11:15 elapsed, any moment now"


def test_an_event_says_the_time_left_in_minutes_and_seconds(tmp_path: Path) -> None:
    event = step_event(starting(tmp_path / "none"), BEGAN)
    assert event.message == "loading weights: 40%, about 5:14 left"
    assert event.fields["log_path"] == str(tmp_path / "none")
    assert last_log_line(tmp_path / "none") is None


@pytest.mark.usefixtures("vllm")
@pytest.mark.slow
def test_a_restart_and_a_wait_report_their_steps(modelscan: Modelscan) -> None:
    modelscan("deploy", "demo", "--no-wait")
    waited = modelscan("wait", "demo", "--progress", "jsonl")
    assert (waited.status, waited.stdout.split()[:2]) == (0, ["demo", "ready"])
    assert {json.loads(line)["event"] for line in waited.stderr.splitlines()} == {"phase"}
    stopped = modelscan("stop", "demo")
    assert stopped.status == 0
    log = modelscan("logs", "demo", "--json").json
    assert {*log[0]} == {"at", "text"}
    assert [f"{line['at']} {line['text']}".strip() for line in log] == modelscan("logs", "demo").stdout.splitlines()
    assert "Last probe    -" in modelscan("status", "demo").stdout
    started = modelscan("start", "demo", "--progress", "jsonl")
    events = [json.loads(line) for line in started.stderr.splitlines()]
    assert {"starting", "phase", "ready"} <= {event["event"] for event in events}
    happened = modelscan("events", "demo", "--json").json
    assert all(event["message"] for event in happened), happened
    assert "phase" in {event["kind"] for event in happened}


@pytest.mark.slow
def test_a_wait_that_timed_out_prints_the_record(modelscan: Modelscan, vllm: Path) -> None:
    vllm.write_text("#!/bin/sh\ncase $1 in --version) echo 0.32.0+cpu;; *) sleep 30;; esac\n")
    deployed = modelscan("deploy", "demo", "--no-wait", "--json")
    assert deployed.status == 0, deployed.stderr
    waited = modelscan("wait", "demo", "--timeout", "0.2", "--json")
    [record] = waited.json
    assert (waited.status, waited.error["code"]) == (7, "timeout")
    assert (record["id"], record["status"], record["error"]["code"]) == (deployed.json["id"], "starting", "timeout")
