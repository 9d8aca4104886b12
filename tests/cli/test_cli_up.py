"""`up` and `down`: from a file to the deployments that it names, and again after each edit."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import re
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan, Ran

from modelscan.system.processes.identity import tagged
from modelscan.system.processes.ports import is_free

pytestmark = pytest.mark.usefixtures("vllm")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the file is in, with the weights `tiny` beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MODELS", raising=False)
    return folder.parent


def declare(text: str, name: str = "modelscan.yaml") -> None:
    Path(name).write_text(textwrap.dedent(text))


def shown(ran: Ran) -> str:
    """What it printed, with ports that are counted from 8080: which are free is another's business."""
    ports = list(dict.fromkeys(re.findall(r"127\.0\.0\.1:(\d+)", ran.stdout)))
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", lambda found: str(8080 + ports.index(found[0])), ran.stdout)


def actions(ran: Ran) -> dict[str, str]:
    return {action["name"]: action["action"] for action in ran.json["actions"]}


def listed(modelscan: Modelscan) -> dict[str, str]:
    return {item["name"]: item["status"] for item in modelscan("list", "--json").json}


def test_what_the_file_says_is_brought_about_and_only_what_differs_is_touched(modelscan: Modelscan) -> None:
    declare("""
        deployments:
          chat: {model: demo, context_length: 1024}
          embed: {model: ./tiny, context_length: 1k}
    """)
    planned = modelscan("up", "--dry-run")
    assert (planned.status, planned.stderr, planned.stdout) == (
        0,
        "",
        snapshot("""\
NAME   ACTION  MODEL                ON     MEMORY  CONTEXT  WHY
chat   create  modelscan/demo FP32  CPU  1.73 GiB    1,024  it is new
embed  create  tiny FP32            CPU  1.73 GiB    1,024  it is new

"""),
    )
    assert listed(modelscan) == {}
    first = modelscan("up")
    assert first.status == 0, first.stderr
    assert shown(first) == planned.stdout + snapshot("""\
chat  ready  http://127.0.0.1:8080
embed  ready  http://127.0.0.1:8081
""")
    before = {item["name"]: item["id"] for item in modelscan("list", "--json").json}
    again = modelscan("up")
    assert (again.status, again.stderr, shown(again)) == (
        0,
        "",
        snapshot("""\
Nothing to do.
chat  ready  http://127.0.0.1:8080
embed  ready  http://127.0.0.1:8081
"""),
    )
    declare("""
        deployments:
          chat: {model: demo, context_length: 512}
          embed: {model: ./tiny, context_length: 1k}
          third: {model: modelscan/demo}
    """)
    edited = modelscan("up", "--yes")
    assert shown(edited) == snapshot("""\
NAME   ACTION   MODEL                ON     MEMORY  CONTEXT  WHY
chat   replace  modelscan/demo FP32  CPU  1.72 GiB      512  its options differ
embed  keep     tiny FP32            CPU  1.73 GiB    1,024  it is ready
third  create   modelscan/demo FP32  CPU  1.75 GiB    2,048  it is new
chat: context_length: 1024 before, 512 now

chat  ready  http://127.0.0.1:8080
embed  ready  http://127.0.0.1:8081
third  ready  http://127.0.0.1:8082
""")
    after = {item["name"]: item["id"] for item in modelscan("list", "--json").json}
    assert after["embed"] == before["embed"]
    assert after["chat"] != before["chat"]


PROBE = """
import json, sys
from modelscan.cli import main
status = main(["up"])
print(json.dumps([status, sorted(sys.modules)]), file=sys.stderr)
"""


def test_to_see_that_there_is_nothing_to_do_loads_nothing_that_plans(modelscan: Modelscan) -> None:
    """It takes little more than `list`: three times as long is the most that it may."""
    declare("deployments: {chat: {model: demo}}")
    assert modelscan("up").status == 0
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    status, modules = json.loads(done.stderr.splitlines()[-1])
    assert (status, done.stdout.splitlines()[0]) == (0, "Nothing to do.")
    for room in (
        "planning.decide",
        "planning.packing",
        "catalog",
        "hubs",
        "hardware",
        "environments",
        "weights.counting",
    ):
        assert not [name for name in modules if name.startswith(f"modelscan.{room}")], room
    assert {"httpx", "pydantic", "huggingface_hub", "asyncio"} & set(modules) == set()


def test_json_is_the_plan_and_how_it_ended(modelscan: Modelscan) -> None:
    declare("deployments: {chat: {model: demo}}")
    planned = modelscan("up", "--dry-run", "--json")
    assert (planned.stderr, planned.json["changed"], actions(planned)) == ("", True, {"chat": "create"})
    done = modelscan("up", "--json")
    assert (done.status, done.stderr, done.json["file"]) == (0, "", "modelscan.yaml")
    [action] = done.json["actions"]
    assert (action["status"], action["error"], action["difference"]) == ("ready", None, [])
    assert action["base_url"].startswith("http://127.0.0.1:")
    again = modelscan("up", "--json").json
    assert (again["changed"], again["actions"][0]["cause"]) == (False, "it is ready")
    assert modelscan("up", "--quiet").stdout == "chat\n"
    [deployment] = modelscan("list", "--json").json
    assert (deployment["started_by"], deployment["reference"], deployment["on_demand"]) == ("up", "demo", False)


@pytest.mark.slow
def test_prune_removes_what_up_made_and_nothing_else(modelscan: Modelscan) -> None:
    declare("deployments: {mine: {model: demo}, old: {model: demo}}")
    assert modelscan("deploy", "demo", "--name", "by-hand").status == 0
    assert modelscan("deploy", "demo", "--name", "mine").status == 0
    kept = modelscan("up", "--json")
    assert actions(kept) == {"mine": "keep", "old": "create"}
    declare("deployments: {new: {model: demo}}")
    told = modelscan("up")
    assert told.stderr.splitlines()[0] == snapshot(
        "note: `modelscan.yaml` does not name `old` any more; to remove: modelscan up --prune"
    )
    assert listed(modelscan) == dict.fromkeys(("by-hand", "mine", "old", "new"), "ready")
    pruned = modelscan("up", "--prune", "--yes")
    assert shown(pruned) == snapshot("""\
NAME  ACTION  MODEL                ON     MEMORY  CONTEXT  WHY
new   keep    modelscan/demo FP32  CPU  1.75 GiB    2,048  it is ready
old   remove  modelscan/demo       -           -        -  `modelscan.yaml` does not name it any more

new  ready  http://127.0.0.1:8080
old  removed
""")
    assert listed(modelscan) == dict.fromkeys(("by-hand", "mine", "new"), "ready")


@pytest.mark.slow
def test_what_stopped_or_failed_is_started_again(modelscan: Modelscan) -> None:
    declare("deployments: {one: {model: demo}, two: {model: ./tiny}}")
    assert modelscan("up").status == 0
    assert modelscan("stop", "one").status == 0
    [two] = [item for item in tagged() if item.deployment == modelscan("status", "two", "--json").json["id"]][:1]
    os.kill(two.process.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while modelscan("status", "two", "--json").json["status"] != "failed" and time.monotonic() < deadline:
        time.sleep(0.1)
    ran = modelscan("up", "--json")
    assert actions(ran) == {"one": "start", "two": "start"}
    assert [action["cause"].partition(":")[0] for action in ran.json["actions"]] == ["it is stopped", "it is failed"]
    assert listed(modelscan) == {"one": "ready", "two": "ready"}


@pytest.mark.slow
def test_down_stops_what_the_file_names_and_keeps_the_records(modelscan: Modelscan) -> None:
    declare("deployments: {one: {model: demo}, never: {model: demo}}")
    assert modelscan("deploy", "demo", "--name", "by-hand").status == 0
    assert modelscan("up").status == 0
    assert modelscan("remove", "never").status == 0
    declare("deployments: {two: {model: demo}}", "other.yaml")
    assert modelscan("up", "other.yaml").status == 0
    assert modelscan("down").stdout == "one  stopped\n"
    assert listed(modelscan) == {"by-hand": "ready", "one": "stopped", "two": "ready"}
    assert modelscan("down").stdout == "one  stopped (nothing to do)\n"
    Path("modelscan.yaml").unlink()
    assert modelscan("down", "--quiet").stdout.split() == ["one", "two"]
    assert listed(modelscan) == {"by-hand": "ready", "one": "stopped", "two": "stopped"}
    started = modelscan("up", "other.yaml", "--json")
    assert actions(started) == {"two": "start"}


@pytest.mark.slow
def test_one_that_starts_on_demand_is_prepared_and_not_started(modelscan: Modelscan) -> None:
    declare("deployments: {always: {model: demo}, later: {model: ./tiny, on_demand: true, idle_timeout: 30m}}")
    ran = modelscan("up", "--json")
    assert [(action["name"], action["status"]) for action in ran.json["actions"]] == [
        ("always", "ready"),
        ("later", "stopped"),
    ]
    later = modelscan("status", "later", "--json").json
    assert (later["message"], later["on_demand"]) == ("it starts when it is asked for", True)
    assert later["argv"]
    assert modelscan("up").stdout.startswith("Nothing to do.\n")
    assert modelscan("start", "later").status == 0
    assert modelscan("up", "--json").json["changed"] is False
    assert listed(modelscan) == {"always": "ready", "later": "ready"}


@pytest.mark.slow
def test_one_that_fails_does_not_stop_the_others(modelscan: Modelscan, folder: Path) -> None:
    (folder / "mood").write_text("dies-early")
    declare("deployments: {bad: {model: ./tiny}, good: {model: demo}}")
    ran = modelscan("up")
    assert ran.status == 7
    assert listed(modelscan) == {"bad": "failed", "good": "ready"}
    assert "error: `bad` failed: " in ran.stderr
    under_json = modelscan("up", "--json")
    assert (under_json.status, under_json.error["code"]) == (7, "backend_failed")
    assert [(action["name"], (action["error"] or {}).get("code")) for action in under_json.json["actions"]] == [
        ("bad", "backend_failed"),
        ("good", None),
    ]
    (folder / "mood").write_text("polite")
    assert modelscan("up").status == 0


@pytest.mark.slow
def test_toml_says_the_same(modelscan: Modelscan) -> None:
    declare("deployments: {chat: {model: demo, env: {VLLM_LOGGING_LEVEL: INFO}, backend_arg: [--max-num-seqs=4]}}")
    assert modelscan("up").status == 0
    Path("modelscan.yaml").unlink()
    declare(
        """
        [deployments.chat]
        model = "demo"
        env = {VLLM_LOGGING_LEVEL = "INFO"}
        backend_arg = "--max-num-seqs=4"
        """,
        "modelscan.toml",
    )
    assert modelscan("up", "--json").json["changed"] is False


@pytest.mark.slow
def test_another_name_of_the_same_model_is_the_same(modelscan: Modelscan) -> None:
    declare("deployments: {chat: {model: demo}}")
    assert modelscan("up").status == 0
    declare("deployments: {chat: {model: modelscan/demo}}")
    assert modelscan("up", "--json").json["changed"] is False


@pytest.mark.slow
def test_models_names_those_of_a_file_or_does_without_one(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare("deployments: {one: {model: demo}, two: {model: demo}}")
    monkeypatch.setenv("MODELS", "two")
    assert actions(modelscan("up", "--json")) == {"two": "create"}
    assert listed(modelscan) == {"two": "ready"}
    monkeypatch.setenv("MODELS", "tow, one")
    ran = modelscan("up")
    assert (ran.status, ran.stdout, ran.stderr) == (
        3,
        "",
        snapshot("""\
error: `modelscan.yaml` has no deployment `tow`, which MODELS names
hint: did you mean `two`?
"""),
    )
    Path("modelscan.yaml").unlink()
    monkeypatch.setenv("MODELS", "demo,no-such-model-2b,no-such-model-1b")
    unknown = modelscan("up")
    assert (unknown.status, unknown.stdout) == (3, "")
    assert unknown.stderr.splitlines()[:3] == snapshot(
        [
            "error: 2 of the models are unknown; nothing was started",
            "  no catalog lists a model `no-such-model-2b`",
            "  no catalog lists a model `no-such-model-1b`",
        ]
    )
    assert listed(modelscan) == {"two": "ready"}
    monkeypatch.setenv("MODELS", "demo,modelscan/demo")
    assert actions(modelscan("up", "--json")) == {"demo": "create"}
    assert modelscan("up", "--json").json["changed"] is False


def test_without_a_file_it_says_how_to_begin(modelscan: Modelscan) -> None:
    ran = modelscan("up")
    assert (ran.status, ran.stderr) == (
        2,
        snapshot("""\
error: there is no modelscan.yaml in this folder
  MODELS is not set, and no registered model says `prewarm`
hint: modelscan up FILE
hint: or without a file: MODELS=demo modelscan up
hint: modelscan help up
"""),
    )


def test_the_gateway_of_a_file_comes_and_goes_with_it(modelscan: Modelscan) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    text = (
        "deployments: {chat: {model: demo}}\ngateway: {port: %d, aliases: {gpt-4o: chat}, fallbacks: {chat: [spare]}}"
    )
    declare(text % port)
    planned = modelscan("up", "--dry-run", "--json").json
    assert (planned["changed"], modelscan("gateway", "status", "--json").json["status"]) == (True, "stopped")
    try:
        assert modelscan("up").status == 0
        served = modelscan("gateway", "status", "--json").json
        assert (served["status"], served["base_url"]) == ("running", f"http://127.0.0.1:{port}")
        assert {"chat", "gpt-4o"} <= {model["id"] for model in served["models"]}
        again = modelscan("up")
        assert (again.status, again.stdout.splitlines()[0]) == (0, "Nothing to do.")

        declare(text.replace("gpt-4o", "gpt-5") % port)
        assert modelscan("up", "--json").json["changed"] is True
        now = modelscan("gateway", "status", "--json").json
        assert "gpt-5" in {model["id"] for model in now["models"]}
        assert now["pid"] == served["pid"]  # no stream was dropped for a name

        Path("modelscan.yaml").unlink()
        ended = modelscan("down")
        assert (ended.status, "gateway  stopped" in ended.stderr) == (0, True)
        assert modelscan("gateway", "status", "--json").json["status"] == "stopped"
    finally:
        modelscan("gateway", "stop")


def test_down_without_a_file_leaves_a_gateway_that_up_did_not_start(modelscan: Modelscan) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert modelscan("gateway", "start", "--port", str(port)).status == 0
    try:
        assert modelscan("down").status == 0
        assert modelscan("gateway", "status", "--json").json["status"] == "running"
    finally:
        modelscan("gateway", "stop")


def test_weights_that_may_not_be_downloaded_fail_before_anything_starts(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTO_DOWNLOAD_MODELS", "0")
    declare("deployments: {here: {model: demo}, away: {model: qwen/qwen3-0.6b}}")
    ran = modelscan("up", "--json")
    assert (ran.status != 0, ran.stdout) == (True, "")
    assert listed(modelscan) == {}


@pytest.mark.slow
def test_an_interrupted_up_leaves_what_up_takes_on(modelscan: Modelscan, folder: Path) -> None:
    (folder / "mood").write_text("never-ready")
    declare("deployments: {good: {model: demo}, slow: {model: ./tiny}}")
    command = [sys.executable, "-m", "modelscan", "up", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while listed(modelscan) != {"good": "ready", "slow": "starting"} and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (130, "")
    error = json.loads(stderr)["error"]
    assert (error["code"], error["hints"]) == ("interrupted", ["modelscan up"])
    assert listed(modelscan) == {"good": "ready", "slow": "stopped"}
    (folder / "mood").write_text("polite")
    ran = modelscan("up", "--json")
    assert (ran.status, actions(ran)) == (0, {"good": "keep", "slow": "start"})


@pytest.mark.slow
def test_two_at_the_same_time_end_in_the_same_state(modelscan: Modelscan) -> None:
    """With what is removed, replaced, started and new."""
    declare("deployments: {old: {model: demo}, other: {model: demo}, again: {model: demo}}")
    assert modelscan("up").status == 0
    assert modelscan("stop", "again").status == 0
    wanted = {"other": {"model": "./tiny"}, "again": {"model": "demo"}, "new": {"model": "demo"}}
    declare(json.dumps({"deployments": wanted}))
    command = [sys.executable, "-m", "modelscan", "up", "--prune", "--json"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [(process, *process.communicate(timeout=120)) for process in running]
    assert [(process.returncode, stderr) for process, _, stderr in ended] == [(0, ""), (0, "")]
    assert listed(modelscan) == dict.fromkeys(wanted, "ready")
    assert modelscan("up", "--prune", "--json").json["changed"] is False


def test_on_a_terminal_it_asks_before_it_stops_anything(modelscan: Modelscan) -> None:
    declare("deployments: {one: {model: demo}}")
    assert modelscan("up").status == 0
    before = modelscan("list", "--json").json[0]["id"]
    declare("deployments: {one: {model: ./tiny}}")
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "modelscan", "up"]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal) as process:
        os.close(terminal)
        seen = b""
        while b"This stops one. Go on? [Y/n]" not in seen:
            seen += os.read(master, 4096)
        os.write(master, b"n\n")
        with contextlib.suppress(OSError):  # its end was closed
            while chunk := os.read(master, 4096):
                seen += chunk
    os.close(master)
    assert process.returncode == 1
    assert b"nothing was changed" in seen
    assert [item["id"] for item in modelscan("list", "--json").json] == [before]


def running(home: Path) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for item in tagged():
        if item.state == str(home / "state"):
            found.setdefault(item.deployment, set()).add(item.process.pid)
    return found


@pytest.mark.slow
def test_up_that_is_killed_at_any_moment_is_taken_on(modelscan: Modelscan, home: Path) -> None:
    """Each time with another edit of the file; no record is lost, no process left."""
    kills = 10
    chance = random.Random(kills)  # noqa: S311  repeatable, not secret
    edits: list[dict[str, dict[str, Any]]] = [
        {"a": {"model": "demo"}, "b": {"model": "./tiny"}, "c": {"model": "demo", "context_length": 512}},
        {"a": {"model": "demo", "context_length": 1024}, "b": {"model": "./tiny"}, "d": {"model": "demo"}},
        {"a": {"model": "./tiny"}, "c": {"model": "demo", "context_length": "1k"}, "d": {"model": "demo"}},
    ]
    command = [sys.executable, "-m", "modelscan", "up", "--prune", "--yes"]
    before: set[str] = set()
    for number in range(kills):
        edit = edits[number % len(edits)]
        Path("modelscan.yaml").write_text(json.dumps({"deployments": edit}))
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            time.sleep(chance.uniform(0.2, 3.0))
            process.send_signal(chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGINT)))
        left = set(listed(modelscan))
        assert left <= before | set(edit)
        assert before & set(edit) <= left  # nothing that stays was lost, not for a moment
        before = left
        if number % 2 == 0 or number == kills - 1:  # sometimes the next edit comes on top of what was left
            ran = modelscan("up", "--prune", "--yes", "--json")
            assert ran.status == 0, ran.stderr
            now = modelscan("list", "--json").json
            assert {item["name"]: item["status"] for item in now} == dict.fromkeys(edit, "ready")
            assert set(running(home)) == {item["id"] for item in now}
            assert actions(modelscan("up", "--prune", "--json")) == dict.fromkeys(edit, "keep")
            before = set(edit)
    ports = [item["port"] for item in modelscan("list", "--json").json]
    assert modelscan("down").status == 0
    assert running(home) == {}
    assert all(is_free(port) for port in ports)


@pytest.mark.slow
def test_what_was_deployed_without_a_name_is_the_same_as_under_the_name_that_it_got(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert modelscan("deploy", "demo").status == 0
    for models in ("demo", "modelscan/demo"):
        monkeypatch.setenv("MODELS", models)
        ran = modelscan("up", "--json")
        assert (actions(ran), ran.json["changed"]) == ({"demo": "keep"}, False)
    monkeypatch.delenv("MODELS")
    declare("deployments: {demo: {model: demo}}")
    assert actions(modelscan("up", "--json")) == {"demo": "keep"}
    assert modelscan("deploy", "demo", "--name", "demo", "--json").json["changed"] is False
