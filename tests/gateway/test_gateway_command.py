"""`modelscan gateway` and `routes`: what a user types, what they see, and what survives."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from fake_upstream import FakeUpstream
from gateway_house import free_port, member, until
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan, folder, modelscan, vllm  # noqa: F401  fixtures

from modelscan.routing.compiled import GatewayTable
from modelscan.routing.gateway_files import gateway_files, write_table
from modelscan.services.files import read_status
from modelscan.storage.paths import paths_below


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan) -> object:  # noqa: F811
    chosen = free_port()
    monkeypatch.setenv("MODELSCAN_GATEWAY_PORT", str(chosen))
    monkeypatch.setenv("MODELSCAN_GATEWAY_DRAIN", "5")
    yield chosen
    modelscan("gateway", "stop")


def get(url: str, key: str | None = None) -> dict[str, object]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
        found: dict[str, object] = json.load(answer)
    return found


def pid_of_server(home: Path) -> int:
    return int(read_status(gateway_files(paths_below(home)))["pid"])


def plain(text: str, port: int) -> str:
    return text.replace(str(port), "PORT")


def test_start_status_stop(modelscan: Modelscan, port: int) -> None:  # noqa: F811
    assert modelscan("gateway", "status").stdout == snapshot("gateway  stopped\n")
    assert plain(modelscan("gateway", "start").stdout, port) == snapshot(
        """\
gateway  running  http://127.0.0.1:PORT
keys  none: everybody on this machine may ask
"""
    )
    assert plain(modelscan("gateway", "start").stdout, port) == snapshot(
        """\
gateway  running  http://127.0.0.1:PORT (nothing to do)
keys  none: everybody on this machine may ask
"""
    )
    assert get(f"http://127.0.0.1:{port}/health") == {"status": "ok"}
    again = modelscan("gateway", "start", "--port", str(free_port()))
    assert (again.status, plain(again.stderr, port).splitlines()[:2]) == snapshot(
        (8, ["error: the gateway runs already, at `http://127.0.0.1:PORT`", "hint: modelscan gateway stop"])
    )
    document = modelscan("gateway", "status", "--json").json
    assert {**document, "pid": 1, "started_at": "", "base_url": "", "openai_base_url": ""} == snapshot(
        {
            "status": "running",
            "pid": 1,
            "base_url": "",
            "openai_base_url": "",
            "keys": [],
            "models": [],
            "upstreams": [],
            "requests": {"total": 0, "in_flight": 0, "failed": 0},
            "tokens": [],
            "started_at": "",
            "changed": None,
        }
    )
    assert modelscan("gateway", "stop").stdout == snapshot("gateway  stopped\n")
    assert modelscan("gateway", "stop").stdout == snapshot("gateway  stopped (nothing to do)\n")
    assert modelscan("gateway", "reload").stderr == snapshot(
        """\
error: the gateway is not running
hint: modelscan gateway start
"""
    )


def test_its_log_has_what_was_seeded(modelscan: Modelscan, port: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    seed = {"id": "lab/one", "name": "One", "type": "chat", "runtime": "vllm"}
    monkeypatch.setenv("MODELSCAN_SEED_MODEL_1", json.dumps(seed))
    assert modelscan("gateway", "start", "--json").stderr == ""
    lines = [line.partition(" ")[2] for line in modelscan("gateway", "logs").stdout.splitlines()]
    assert lines == [
        "INFO loaded seed models from environment count=1",
        "INFO seeding models from environment variables count=1",
        'INFO created model from environment seed model_id=lab/one name="One"',
        "INFO completed model seeding from environment variables",
        f"listening on 127.0.0.1:{port}",
    ]


@pytest.mark.slow
def test_a_taken_port_is_a_conflict_that_names_its_owner(modelscan: Modelscan, port: int) -> None:  # noqa: F811
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        refused = modelscan("gateway", "start", "--json")
    assert (refused.status, refused.error["code"]) == (8, "conflict")
    assert refused.error["details"]["pid"] == os.getpid()


def test_other_machines_are_let_in_with_a_key_only(modelscan: Modelscan, port: int) -> None:  # noqa: F811
    refused = modelscan("gateway", "start", "--host", "0.0.0.0")
    assert (refused.status, refused.stderr) == snapshot(
        (
            2,
            """\
error: `0.0.0.0` can be reached from other machines, and there is no key
hint: modelscan gateway keys add NAME
hint: modelscan gateway start --host 0.0.0.0
""",
        )
    )


def test_keys(modelscan: Modelscan, home: Path) -> None:  # noqa: F811
    shown = modelscan("gateway", "keys", "add", "laptop", "--model", "coder", "--rate", "60")
    key = shown.stdout.strip()
    assert key.startswith("sk-ms-")
    assert shown.stderr == snapshot("This is the key `laptop`. It is shown only now: keep it.\n")
    file = home / "config" / "keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert key not in file.read_text()
    again = modelscan("gateway", "keys", "add", "laptop")
    assert (again.status, again.stderr) == snapshot(
        (
            8,
            """\
error: there is already a key `laptop`
hint: modelscan gateway keys revoke laptop
hint: or use another name
""",
        )
    )
    [listed] = modelscan("gateway", "keys", "list", "--json").json
    assert (listed["name"], listed["models"], listed["rate"]) == ("laptop", ["coder"], 60)
    assert modelscan("gateway", "keys", "revoke", "laptop").stdout == snapshot("laptop  revoked\n")
    assert modelscan("gateway", "keys", "list").stderr == snapshot(
        "No keys: everybody on this machine may ask. Add one: modelscan gateway keys add NAME\n"
    )
    assert modelscan("gateway", "keys", "revoke", "laptop").status == 2
    assert modelscan("gateway", "keys", "add", "a b").status == 2


def test_names_keep_the_user_s_comments(modelscan: Modelscan, home: Path) -> None:  # noqa: F811
    file = home / "config" / "names.toml"
    file.parent.mkdir(parents=True)
    file.write_text('# mine\n[aliases]\nold = "coder"  # for the editor\n')
    assert modelscan("routes", "alias", "gpt-4o", "coder").stdout == snapshot("gpt-4o  -> coder\n")
    assert modelscan("routes", "fallback", "coder", "small", "remote").stdout == snapshot(
        "coder  falls back to small, remote\n"
    )
    assert file.read_text() == snapshot(
        """\
# mine
[aliases]
old = "coder"  # for the editor
gpt-4o = "coder"

[fallbacks]
coder = ["small", "remote"]
"""
    )
    assert modelscan("routes", "alias", "coder", "gpt-4o").stderr == snapshot(
        """\
error: the alias `coder` would lead back to itself
hint: modelscan routes show
"""
    )
    assert modelscan("routes", "fallback", "coder", "--remove").stdout == snapshot("coder  removed\n")
    assert modelscan("routes", "fallback", "coder", "--remove").status == 2
    assert modelscan("routes", "alias", "x").status == 2
    assert modelscan("routes", "weight", "nobody", "2").status == 3
    file.write_text("[aliases\n")
    damaged = modelscan("routes", "alias", "a", "b", "--json")
    assert (damaged.status, damaged.error["code"]) == (1, "config_invalid")


def test_a_deployment_behind_it(modelscan: Modelscan, vllm: Path, port: int) -> None:  # noqa: F811
    assert modelscan("gateway", "start").status == 0
    assert modelscan("deploy", "demo").status == 0
    modelscan("routes", "alias", "gpt-4o", "demo")
    base = f"http://127.0.0.1:{port}"
    until(lambda: len(get(f"{base}/v1/models")["data"]) > 1, what="the deployment to be listed")  # type: ignore[arg-type]
    body = json.dumps({"model": "gpt-4o", "messages": [], "stream": True}).encode()
    with urllib.request.urlopen(f"{base}/v1/chat/completions", body, timeout=20) as answer:
        assert answer.headers["x-modelscan-deployment"] == "demo"
        assert answer.read().endswith(b"data: [DONE]\n\n")
    modelscan("routes", "alias", "best", "gpt-4o")
    lines = modelscan("env", "gpt-4o").stdout
    assert modelscan("env", "best").stdout == lines.replace("=gpt-4o", "=best")
    assert plain(lines, port) == snapshot(
        """\
export OPENAI_BASE_URL=http://127.0.0.1:PORT/v1
export OPENAI_API_KEY=none
export MODEL_API_URL=http://127.0.0.1:PORT/v1
export MODEL_NAME=gpt-4o
"""
    )
    assert str(port) not in modelscan("env", "demo", "--direct").stdout
    modelscan("gateway", "keys", "add", "laptop")
    assert 'OPENAI_API_KEY="$MODELSCAN_KEY"' in modelscan("env", "demo").stdout
    served = {item["id"]: item for item in modelscan("gateway", "status", "--json").json["models"]}
    assert served["gpt-4o"] == {"id": "gpt-4o", "deployments": ["demo"], "upstreams": [], "status": "ready"}
    modelscan("stop", "demo")
    served = {item["id"]: item for item in modelscan("gateway", "status", "--json").json["models"]}
    assert served["demo"]["status"] == "stopped"


def test_what_serves_is_started_again(modelscan: Modelscan, home: Path, port: int) -> None:  # noqa: F811
    modelscan("gateway", "start")
    first = pid_of_server(home)
    os.kill(first, signal.SIGKILL)
    until(lambda: pid_of_server(home) != first, what="another process to serve")
    assert get(f"http://127.0.0.1:{port}/health") == {"status": "ok"}
    log = modelscan("gateway", "logs").stdout
    assert "what serves ended (SIGKILL); starting it again in 0 s" in log


def test_a_killed_supervisor_takes_what_serves_with_it(modelscan: Modelscan, home: Path, port: int) -> None:  # noqa: F811
    modelscan("gateway", "start")
    serving = pid_of_server(home)
    os.kill(modelscan("gateway", "status", "--json").json["pid"], signal.SIGKILL)
    until(lambda: not Path(f"/proc/{serving}").exists(), what="what serves to end")
    assert modelscan("gateway", "status").stdout == snapshot("gateway  stopped\n")
    assert modelscan("gateway", "start").status == 0


@pytest.mark.slow
def test_a_reload_drops_no_stream(modelscan: Modelscan, home: Path, port: int, upstream: FakeUpstream) -> None:  # noqa: F811
    modelscan("gateway", "start")
    files = gateway_files(paths_below(home))
    write_table(files, GatewayTable(members=(member("demo", upstream.base_url),), names={"demo": ("demo",)}))
    base = f"http://127.0.0.1:{port}"
    until(lambda: get(f"{base}/v1/models")["data"], what="the table")
    assert stream(port, "demo").endswith(b"data: [DONE]\n\n")
    until(lambda: tokens(modelscan), what="the figures to be written")
    used = tokens(modelscan)
    body = json.dumps({"model": "demo", "stream": True, "n": 100, "gap": 0.03}).encode()
    with urllib.request.urlopen(f"{base}/v1/chat/completions", body, timeout=20) as answer:
        answer.readline()
        before = pid_of_server(home)
        assert modelscan("gateway", "reload").status == 0
        assert pid_of_server(home) != before
        assert answer.read().endswith(b"data: [DONE]\n\n")
    until(lambda: not Path(f"/proc/{before}").exists(), what="the old process to go")
    assert get(f"{base}/health") == {"status": "ok"}
    assert tokens(modelscan) == used  # what was counted before it counts on


def tokens(modelscan: Modelscan) -> list[dict[str, object]]:  # noqa: F811
    found: list[dict[str, object]] = modelscan("gateway", "status", "--json").json["tokens"]
    return found


def stream(port: int, model: str) -> bytes:
    body = json.dumps({"model": model, "messages": [], "stream": True}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/chat/completions", body, timeout=60) as answer:
        read: bytes = answer.read()
    return read


def test_a_request_starts_what_is_stopped_once(modelscan: Modelscan, vllm: Path, folder: Path, port: int) -> None:  # noqa: F811
    modelscan("gateway", "start")
    assert modelscan("deploy", str(folder), "--name", "tiny", "--on-demand", "--alias", "gpt-4o").status == 0
    assert [item["id"] for item in get(f"http://127.0.0.1:{port}/v1/models")["data"]][:1] == ["gpt-4o"]  # type: ignore[index]
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda name: answers.append(stream(port, name)), args=(name,))
        for name in ("tiny", "gpt-4o", "TINY")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 3
    for answer in answers:
        assert answer.startswith(b": starting ")
        assert answer.endswith(b"data: [DONE]\n\n")
    events = modelscan("events", "tiny", "--json").json
    assert [event["kind"] for event in events].count("starting") == 1
    assert [event["message"] for event in events if event["kind"] == "gateway"] == ["started for a request"]
    found = modelscan("status", "tiny", "--json").json
    until(lambda: modelscan("status", "tiny", "--json").json["last_request_at"], what="the request to be noted")
    assert (found["status"], found["on_demand"], found["aliases"]) == ("ready", True, ["gpt-4o"])
    assert modelscan("deploy", str(folder), "--name", "tiny", "--on-demand", "--alias", "gpt-4o").status == 0


@pytest.mark.slow
def test_who_waits_for_a_start_is_told_how_far_it_is(
    modelscan: Modelscan,  # noqa: F811
    vllm: Path,  # noqa: F811
    folder: Path,  # noqa: F811
    port: int,
) -> None:
    seen = folder / "seen"
    seen.touch()
    (folder / "mood").write_text(f"phases --seen {seen}")
    modelscan("gateway", "start")
    modelscan("deploy", str(folder), "--name", "tiny", "--on-demand")
    body = json.dumps({"model": "tiny", "messages": [], "stream": True}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/chat/completions", body, timeout=60) as answer:
        assert answer.headers["x-modelscan-deployment"] == "tiny"
        assert answer.readline().startswith(b": starting tiny")
        told = next(line for line in answer if b"loading weights" in line)
        seen.write_text("loading weights\ncompiling\nwarming up\ngenerating\n")
        assert answer.read().endswith(b"data: [DONE]\n\n")
    assert told == b": starting tiny: loading weights\n"


@pytest.mark.slow
def test_a_start_that_fails_is_the_answer(modelscan: Modelscan, vllm: Path, folder: Path, port: int) -> None:  # noqa: F811
    modelscan("gateway", "start")
    modelscan("deploy", str(folder), "--name", "tiny", "--on-demand")
    (folder / "mood").write_text("dies-early")
    events = [json.loads(line[6:]) for line in stream(port, "tiny").decode().splitlines() if line.startswith("data: ")]
    assert events[-1]["error"]["code"] == "start_failed"
    body = json.dumps({"model": "tiny", "messages": []}).encode()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/chat/completions", body, timeout=60)
    assert refused.value.code == 503
    message = json.load(refused.value)["error"]["message"]
    assert message.startswith("`tiny` did not start: `tiny` failed: ")
    assert "the hostile backend does not want to" in message
    refused.value.close()


@pytest.mark.slow
def test_an_idle_one_is_stopped(modelscan: Modelscan, vllm: Path, folder: Path, port: int) -> None:  # noqa: F811
    modelscan("gateway", "start")
    modelscan("deploy", str(folder), "--name", "tiny", "--on-demand", "--idle-timeout", "2s")
    assert stream(port, "tiny").endswith(b"data: [DONE]\n\n")
    until(lambda: modelscan("status", "tiny", "--json").json["status"] == "stopped", what="it to be stopped")
    assert modelscan("status", "tiny", "--json").json["stopped_by"] in {"gateway", None}
    assert stream(port, "tiny").endswith(b"data: [DONE]\n\n")
