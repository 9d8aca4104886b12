"""The main job through the real entry point, with a fake `vllm` on PATH and a real supervisor."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli import fake_vllm
from tests.cli.conftest import Modelscan

from modelscan import dataclasses
from modelscan.deployments.document import deployment_of, record_of
from modelscan.deployments.store import Store
from modelscan.storage.paths import paths_below
from modelscan.storage.shipped import shipped
from modelscan.system.processes.identity import tagged

pytestmark = pytest.mark.usefixtures("vllm")


def test_from_a_name_to_an_endpoint_and_away_again(modelscan: Modelscan, home: Path) -> None:
    deployed = modelscan("deploy", "demo", "--json")
    assert deployed.status == 0, deployed.stderr
    first = deployed.json
    assert (first["name"], first["status"], first["changed"]) == ("demo", "ready", True)
    assert first["served_model_names"] == ["demo", "modelscan/demo"]
    assert first["openai_base_url"] == f"http://127.0.0.1:{first['port']}/v1"
    assert first["measured"]["ttft_ms"] is not None

    open_to_others = [path for path in (home / "state").rglob("*") if path.stat().st_mode & 0o077]
    assert open_to_others == []

    again = modelscan("deploy", "modelscan/demo", "--json").json
    assert (again["id"], again["changed"]) == (first["id"], False)

    listed = modelscan("list", "--json").json
    assert [(item["name"], item["status"]) for item in listed] == [("demo", "ready")]
    assert modelscan("ps", "-q").stdout == "demo\n"
    assert modelscan("status", "demo", "--check").status == 0

    [route] = modelscan("routes", "show", "--json").json["routes"]
    assert route == {
        "name": "demo",
        "type": "local",
        "base_url": f"http://127.0.0.1:{first['port']}",
        "model": "modelscan/demo",
        "managed": True,
    }
    lines = modelscan("env", "demo").stdout
    assert lines == (
        f"export OPENAI_BASE_URL=http://127.0.0.1:{first['port']}/v1\nexport OPENAI_API_KEY=none\n"
        f"export MODEL_API_URL=http://127.0.0.1:{first['port']}/v1\nexport MODEL_NAME=demo\n"
    )

    exported = modelscan("routes", "export", "--format", "litellm").stdout.partition("router_settings:")[0]
    assert exported.partition("model_list:\n")[2] == (
        "- model_name: demo\n"
        "  litellm_params:\n"
        "    model: hosted_vllm/demo\n"
        f"    api_base: http://127.0.0.1:{first['port']}/v1\n"
        "    api_key: none\n"
        "  model_info:\n"
        f"    id: {first['id']}\n"
        "    mode: chat\n"
        "    max_input_tokens: 2048\n"
    )
    exported = modelscan("routes", "export", "--format", "modelscan").stdout
    assert exported == (home / "config" / "routing.yaml").read_text()

    [stopped] = modelscan("stop", "demo", "--json").json
    assert (stopped["status"], stopped["changed"], stopped["error"]) == ("stopped", True, None)
    assert modelscan("routes", "show", "--json").json["routes"] == []
    assert modelscan("stop", "demo", "--json").json[0]["changed"] is False
    assert modelscan("status", "demo", "--check").status == 7

    [started] = modelscan("start", "demo", "--json").json
    assert (started["status"], started["port"], started["argv"]) == ("ready", first["port"], first["argv"])
    assert modelscan("remove", "demo").stdout == "demo  removed\n"
    assert modelscan("list", "--json").json == []
    assert modelscan("remove", "demo").status == 0
    assert modelscan("remove", "never-known").status == 3


def test_what_a_person_sees(modelscan: Modelscan) -> None:
    ran = modelscan("deploy", "demo")
    assert ran.status == 0, ran.stderr
    lines = ran.stdout.splitlines()
    port = modelscan("list", "--json").json[0]["port"]
    assert lines[0].startswith("Detects GPU: none, using the CPU with ")
    assert lines[1].startswith("Selects quantization: FP32 (estimated ")
    assert lines[2:7] == [
        "Backend: vllm 0.32.0+cpu",
        f"Source: {shipped('demo')} (local_path)",
        "Starting deployment...",
        f"Deployed at http://127.0.0.1:{port}",
        "",
    ]
    assert "  curl http://127.0.0.1" in ran.stdout
    assert "Open to      every user of this machine; --api-key-env VAR requires a key" in ran.stdout


def test_another_request_is_a_conflict_with_the_difference_and_the_way_out(modelscan: Modelscan) -> None:
    modelscan("deploy", "demo")
    ran = modelscan("deploy", "demo", "--context-length", "512")
    assert (ran.status, ran.stderr) == (
        8,
        (
            "error: the deployment `demo` already exists with different options\n"
            "  context_length: not given before, 512 now\n"
            "hint: modelscan deploy demo --context-length 512 --replace\n"
            "hint: or keep both: --name demo-2\n"
        ),
    )
    replaced = modelscan("deploy", "demo", "--context-length", "512", "--replace", "--json")
    assert replaced.status == 0, replaced.stderr
    assert replaced.json["max_model_len"] == 512


@pytest.mark.slow
def test_a_replacement_that_cannot_be_made_leaves_the_old_one(modelscan: Modelscan) -> None:
    old = modelscan("deploy", "demo", "--json").json
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        ran = modelscan("deploy", "demo", "--port", port, "--replace", "--json")
    assert (ran.status, ran.error["code"]) == (8, "conflict")
    assert [(item["id"], item["status"]) for item in modelscan("list", "--json").json] == [(old["id"], "ready")]


def test_a_key_is_asked_for_and_written_nowhere(
    modelscan: Modelscan, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_KEY", "planted-secret-123")
    monkeypatch.setenv("HF_TOKEN", "hf_planted")
    ran = modelscan("deploy", "demo", "--api-key-env", "DEMO_KEY", "--json")
    assert ran.status == 0, ran.stderr
    assert ran.json["api_key_env"] == "DEMO_KEY"
    assert modelscan("env", "demo").stdout.splitlines()[1] == 'export OPENAI_API_KEY="$DEMO_KEY"'
    for path in home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"planted-secret-123" not in content, path
            assert b"hf_planted" not in content, path
    for item in tagged():
        line = Path(f"/proc/{item.process.pid}/cmdline").read_bytes()
        assert b"planted-secret-123" not in line
    modelscan("stop", "demo")
    monkeypatch.delenv("DEMO_KEY")
    refused = modelscan("start", "demo", "--json")
    assert (refused.status, refused.error["code"]) == (1, "config_invalid")


def test_a_backend_that_dies_is_explained(modelscan: Modelscan, folder: Path) -> None:
    (folder / "mood").write_text("dies-early")
    ran = modelscan("deploy", str(folder), "--name", "bad", "--json")
    assert (ran.status, ran.error["code"]) == (7, "backend_failed")
    assert modelscan("list", "--json").json[0]["status"] == "failed"
    assert "the hostile backend does not want to" in modelscan("logs", "bad").stdout
    (folder / "mood").write_text("polite")
    assert modelscan("start", "bad").status == 0


def test_no_wait_and_wait(modelscan: Modelscan, folder: Path) -> None:
    (folder / "mood").write_text("polite --delay 1")
    ran = modelscan("deploy", str(folder), "--no-wait", "--json")
    assert ran.json["status"] == "starting"
    late = modelscan("wait", "tiny", "--timeout", "0.1", "--json")
    assert (late.status, late.error["code"]) == (7, "timeout")
    assert modelscan("wait", "tiny").status == 0
    assert modelscan("status", "tiny", "--json").json["status"] == "ready"


@pytest.mark.slow
def test_killed_commands_and_ctrl_c_leave_the_truth(modelscan: Modelscan, folder: Path) -> None:
    (folder / "mood").write_text("never-ready")
    command = [sys.executable, "-m", "modelscan", "deploy", str(folder), "--json"]
    for number, end in ((signal.SIGKILL, "starting"), (signal.SIGINT, "stopped"), (signal.SIGTERM, "stopped")):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = modelscan("list", "--json").json
            if found and found[0]["status"] == "starting" and found[0]["pid"]:
                break
            time.sleep(0.1)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=30)
        if number != signal.SIGKILL:
            assert process.returncode == 130
            assert json.loads(stderr)["error"]["code"] == "interrupted"
        assert modelscan("list", "--json").json[0]["status"] == end
        assert modelscan("remove", "tiny").status == 0
        assert modelscan("list", "-q").stdout == ""


def test_a_taken_port_is_named_and_the_next_one_is_found(modelscan: Modelscan) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        ran = modelscan("deploy", "demo", "--port", str(port), "--json")
        assert (ran.status, ran.error["code"]) == (8, "conflict")
        assert f"port `{port}` is already in use" in ran.error["message"]
        assert modelscan("list", "--json").json == []


def test_a_missing_backend_is_said_with_the_command(modelscan: Modelscan, vllm: Path) -> None:
    vllm.unlink()
    ran = modelscan("deploy", "demo")
    assert ran.status == 7
    assert ran.stderr == (
        "error: the backend `vllm 0.32.0` is not installed\n"
        "hint: modelscan backend install vllm --version 0.32.0\n"
        "hint: or add --yes to install it\n"
    )
    assert modelscan("list", "--json").json == []


def test_a_backend_of_another_build_is_said(modelscan: Modelscan, vllm: Path) -> None:
    fake_vllm.install(vllm.parent, "0.32.0")
    ran = modelscan("deploy", "demo")
    assert (ran.status, ran.stderr.splitlines()[:2]) == (
        7, ["error: the backend `vllm 0.32.0` is not installed", f"  `{vllm.parent}` is 0.32.0 for cuda"],
    )  # fmt: skip


def test_a_damaged_routing_file_is_refused_before_anything_starts(modelscan: Modelscan, home: Path) -> None:
    path = home / "config" / "routing.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("routing: [unclosed")
    ran = modelscan("deploy", "demo", "--json")
    assert (ran.status, ran.error["code"]) == (1, "config_invalid")
    assert path.read_text() == "routing: [unclosed"
    assert modelscan("list", "--json").json == []


def test_loopback_only(modelscan: Modelscan) -> None:
    ran = modelscan("deploy", "demo", "--host", "0.0.0.0", "--json")
    assert (ran.status, ran.error["code"]) == (2, "usage")


def test_secrets_on_the_command_line_are_refused(modelscan: Modelscan) -> None:
    assert modelscan("deploy", "demo", "--env", "HF_TOKEN=hf_x").status == 2
    modelscan("deploy", "demo")
    ran = modelscan("deploy", "demo", "--backend-arg=--api-key=planted-secret-123")
    assert (ran.status, "planted" in ran.stdout + ran.stderr) == (2, False)


def test_progress_for_programs(modelscan: Modelscan) -> None:
    ran = modelscan("deploy", "demo", "--progress", "jsonl", "--json")
    events = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [event["event"] for event in events][:5] == ["hardware", "choice", "backend", "source", "starting"]
    assert events[-1]["event"] == "ready"
    assert all(event["at"].endswith("Z") for event in events)
    assert ran.json["status"] == "ready"


@pytest.mark.slow
def test_a_context_that_does_not_fit_is_shortened_once_and_said(modelscan: Modelscan, folder: Path) -> None:
    (folder / "mood").write_text("small-cache")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 4096}))
    ran = modelscan("deploy", str(folder), "--name", "tiny")
    assert ran.status == 0, ran.stderr
    assert (
        "note: tiny: context length reduced from 4096 to 1024 before another try: "
        "the KV cache is too small for a context length of 4096: 1024 fits\n"
    ) in ran.stderr
    shown = modelscan("status", "tiny", "--json").json
    assert (shown["max_model_len"], shown["restarts"], len(shown["adjustments"])) == (1024, 0, 1)
    modelscan("stop", "tiny")
    assert modelscan("start", "tiny", "--json").json[0]["max_model_len"] == 1024

    fixed = modelscan("deploy", str(folder), "--name", "fixed", "--context-length", "2048", "--json")
    assert (fixed.status, fixed.error["details"]["suggested"]) == (7, {"context_length": 1024})


@pytest.mark.slow
def test_what_was_interrupted_before_it_started_is_resumed(modelscan: Modelscan, home: Path) -> None:
    first = modelscan("deploy", "demo", "--json").json
    modelscan("stop", "demo")
    with Store(paths_below(home)) as store:  # as `kill -9` leaves it while the weights come
        left = dataclasses.replace(
            deployment_of(store.by_id(first["id"])), status="pulling", phase="download", argv=(), program=None
        )
        store.write(record_of(left))
    shown = modelscan("status", "demo", "--json").json
    assert (shown["status"], shown["message"], shown["phase"]) == ("failed", "interrupted", None)
    [again] = modelscan("start", "demo", "--json").json
    assert (again["status"], again["argv"], again["id"]) == ("ready", first["argv"], first["id"])
