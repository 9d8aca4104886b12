"""What people typed in their first hour, and what came: one sentence that names the thing, and the command to run next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that a new user made, in the current folder."""
    monkeypatch.chdir(tmp_path)
    Path("list.json").write_text('["rtx-4090"]')
    Path("typo.yaml").write_text("model: demo\ndeployment:\n  quantisation: FP8\n")


def test_a_bad_value_of_a_setting(modelscan: Modelscan) -> None:
    ran = modelscan("config", "set", "deploy.first_port", "abc")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: `deploy.first_port` must be a port, 1 to 65535, not `abc`
hint: the first port to try for a deployment
hint: modelscan config get deploy.first_port
"""),
    )


def test_a_misspelt_repo_without_a_network() -> None:
    environ = os.environ | {"HF_ENDPOINT": "http://127.0.0.1:1", "HF_HUB_OFFLINE": "0", "NO_PROXY": "*"}
    command = [sys.executable, "-m", "modelscan", "plan", "qwn/qwen3-8b"]
    ran = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout, ran.stderr) == (
        6,
        "",
        snapshot("""\
error: http://127.0.0.1:1 cannot be reached
  [Errno 111] Connection refused
hint: a proxy or a firewall may block it, check: curl -I http://127.0.0.1:1
hint: did you mean `qwen/qwen3-8b`?
"""),
    )


def test_a_hardware_file_of_another_form(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--hardware", "list.json")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: the hardware file `list.json` does not have the format of `modelscan gpu --json`
  the file must be an object with `devices`, not ["rtx-4090"]
hint: write one: modelscan gpu --json > machine.json
"""),
    )


def test_a_port_that_is_none(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--port", "99999")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: Invalid value for `--port`: 99999 is not in the range 1<=x<=65535
hint: modelscan plan --help
"""),
    )


def test_a_configuration_file_that_is_not_there(modelscan: Modelscan) -> None:
    ran = modelscan("--config", "nosuch.toml", "list")
    assert (ran.status, ran.stdout, ran.stderr) == (
        1,
        "",
        snapshot("""\
error: the configuration file `nosuch.toml` does not exist
hint: check the path of --config: nosuch.toml
"""),
    )


def test_names_of_nothing_get_no_far_fetched_suggestion(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "nosuch")
    assert (ran.status, ran.stdout, ran.stderr) == (
        3,
        "",
        snapshot("""\
error: no catalog lists a model `nosuch`
hint: modelscan catalog search 'nosuch'
hint: or give a repo in full: owner/name
"""),
    )
    ran = modelscan("plan", "https://example.com/foo")
    assert (ran.status, ran.stdout, ran.stderr) == (
        3,
        "",
        snapshot("""\
error: `https://example.com/foo` is not an address of a model
hint: give an address on huggingface.co or modelscope.cn, or a name: modelscan catalog search WORDS
"""),
    )


def test_no_memory(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--max-memory", "0")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: `0` is not a size of memory to use
hint: write it like --max-memory 10GiB
"""),
    )


def test_gpus_and_none(modelscan: Modelscan) -> None:
    ran = modelscan("deploy", "demo", "--gpu", "none", "--gpus", "2")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: `--gpu none` and `--gpus 2` exclude each other
hint: leave out --gpus for the CPU
hint: leave out --gpu none for GPUs
"""),
    )


def test_more_gpus_than_there_are(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--hardware", "2xrtx-4090", "--gpus", "4")
    assert (ran.status, ran.stderr) == (
        4,
        snapshot("""\
error: `modelscan/demo` does not fit this hardware as asked
  4 GPUs were asked for, and 2 are there
hint: let the plan choose the GPUs: modelscan plan demo --hardware 2xrtx-4090
"""),
    )


def test_a_misspelt_key_of_a_deployment_file(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "--file", "typo.yaml")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: `quantisation` is not a key of a deployment file
hint: did you mean `quantization`?
hint: modelscan plan ID --format yaml writes one
"""),
    )


def test_a_source_that_is_none(modelscan: Modelscan) -> None:
    ran = modelscan("catalog", "search", "qwen", "--source", "foo")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: `foo` is not a catalog source
hint: one of: gpustack, known-weights, local, models.dev, models.yaml, registered, vllm-recipes
"""),
    )


def test_an_option_that_is_missing(modelscan: Modelscan) -> None:
    ran = modelscan("routes", "export")
    assert (ran.status, ran.stdout, ran.stderr) == (
        2,
        "",
        snapshot("""\
error: Missing option `--format`: one of modelscan, env, litellm, llama-swap
hint: modelscan routes export --help
"""),
    )


def test_letters_that_changed_places(modelscan: Modelscan) -> None:
    found = modelscan("catalog", "search", "lamma", "3", "-q").stdout.split()
    assert len(found) == 20
    assert all("llama" in name for name in found)


def test_two_forms_at_once(modelscan: Modelscan) -> None:
    ran = modelscan("plan", "demo", "--json", "--format", "yaml")
    assert (ran.status, ran.stdout, ran.error["message"]) == (
        2,
        "",
        snapshot("`--json` and `--format yaml` exclude each other"),
    )


def test_nothing_to_do_is_usage_however_it_was_not_said(modelscan: Modelscan) -> None:
    for words in ((), ("--offline",)):
        ran = modelscan(*words)
        assert (ran.status, ran.stderr.splitlines()[-2:]) == (
            2,
            snapshot(["error: no command was given", "hint: modelscan --help"]),
        )


def test_quiet_prints_names(modelscan: Modelscan, vllm: Path, folder: Path) -> None:
    modelscan("deploy", str(folder), "--name", "one", "--no-wait")
    assert modelscan("status", "one", "-q").stdout == "one\n"
    assert modelscan("backend", "list", "-q").stdout == "vllm\n"
    assert modelscan("weights", "list", "-q").stdout == f"{folder}\n"


def test_paths_have_keys_that_programs_can_name(modelscan: Modelscan, home: Path) -> None:
    paths = modelscan("config", "path", "--json").json
    assert paths["local_models"] == f"{home}/config/models.local.yaml"


@pytest.mark.slow
def test_a_wait_that_is_over_prints_what_it_waited_for(modelscan: Modelscan, vllm: Path, folder: Path) -> None:
    (folder / "mood").write_text("mute")
    modelscan("deploy", str(folder), "--name", "two", "--no-wait")
    ran = modelscan("wait", "two", "--timeout", "1", "--json")
    [record] = ran.json
    assert (ran.status, record["name"], record["status"], record["error"]["code"]) == (7, "two", "starting", "timeout")
    assert None not in (record["id"], record["port"])


def test_events_say_why_and_phases(modelscan: Modelscan, vllm: Path) -> None:
    modelscan("deploy", "demo")
    events = modelscan("events", "--json").json
    assert all(event["message"] for event in events)
    assert {"pending", "phase", "starting", "ready"} <= {event["kind"] for event in events}


def test_of_one_that_is_stopped_no_probe_is_told(modelscan: Modelscan, vllm: Path) -> None:
    modelscan("deploy", "demo")
    modelscan("stop", "demo")
    [probe] = [line for line in modelscan("status", "demo").stdout.splitlines() if line.startswith("Last probe")]
    assert probe.split() == ["Last", "probe", "-"]
