"""`pull` and what `deploy` asks before the first byte, against a hub on this machine: the real entry point, in a
process of its own, because huggingface_hub reads its settings when it is imported.
"""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot
from tests.cli import fake_vllm
from tests.cli.driver import Ran
from tests.hubs.hub_server import HubServer, Repo

from modelscan.system.processes.identity import STATE_TAG

TOKEN = "hf_good"
CODE = b"print('hello from a stranger')\n"


class Huge(bytes):
    """The first bytes of a file of a petabyte."""

    def __len__(self) -> int:
        return 10**15

    @classmethod
    def tensor(cls) -> Huge:
        size = 10**15 - 100_000
        header = json.dumps({"a": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}})
        return cls((99_992).to_bytes(8, "little") + header.encode().ljust(99_992))


def test_pulled_once_and_then_here_without_a_network(run: Callable[..., Ran], hub: HubServer, tmp_path: Path) -> None:
    first = run("pull", "lab/tiny", "--json")
    assert first.status == 0, first.stderr
    [pulled] = first.json
    folder = tmp_path / "hf" / "hub" / "models--lab--tiny" / "snapshots" / hub.repos["lab/tiny"].commit
    assert pulled == {
        "id": "lab/tiny", "model": "lab/tiny", "source": "huggingface", "repo_id": "lab/tiny",
        "revision": hub.repos["lab/tiny"].commit, "quantization": "BF16", "path": str(folder),
        "size_bytes": sum(path.stat().st_size for path in folder.rglob("*")), "changed": True, "error": None,
    }  # fmt: skip
    assert (folder / "model.safetensors").read_bytes() == hub.repos["lab/tiny"].files["model.safetensors"]
    hub.requests.clear()
    again = run("--offline", "pull", "lab/tiny", "--json")
    assert (again.status, again.json[0]["changed"], hub.requests) == (0, False, [])
    [here] = run("weights", "list", "--json").json
    assert (here["repo_id"], here["commits"], here["downloaded_at"] is not None) == (
        "lab/tiny", [hub.repos["lab/tiny"].commit], True,
    )  # fmt: skip


def test_a_repo_has_one_copy_however_it_is_spelled(run: Callable[..., Ran], hub: HubServer, tmp_path: Path) -> None:
    hub.repos["Lab/Tiny-1B"] = hub.repos["lab/tiny"]
    hub.renamed["lab/older"] = "Lab/Tiny-1B"
    first = run("pull", "lab/tiny-1b", "--json").json[0]
    assert (first["repo_id"], first["changed"]) == ("Lab/Tiny-1B", True)
    for spelled in ("LAB/TINY-1B", "Lab/Tiny-1B", "lab/older"):
        again = run("pull", spelled, "--json").json[0]
        assert (again["repo_id"], again["path"], again["changed"]) == ("Lab/Tiny-1B", first["path"], False)
    assert [folder.name for folder in (tmp_path / "hf" / "hub").glob("models--*")] == ["models--Lab--Tiny-1B"]
    for spelled in ("laB/tinY-1b", "lab/older"):
        plan = run("--offline", "plan", spelled, "--hardware", "rtx-4090", "--json").json
        assert plan["chosen"]["repo_id"] == "Lab/Tiny-1B"


def test_what_another_tool_downloaded_is_found_in_any_letter_case(
    run: Callable[..., Ran], hub: HubServer, home: Path, tmp_path: Path
) -> None:
    run("pull", "lab/tiny")
    shutil.rmtree(home / "cache" / "weights-v1")
    hub.requests.clear()
    assert run("--offline", "plan", "LAB/Tiny", "--hardware", "rtx-4090", "--json").json["feasible"]
    assert hub.requests == []


def test_the_endpoint_answers_to_the_repo_as_its_hub_spells_it(
    run: Callable[..., Ran], hub: HubServer, tmp_path: Path
) -> None:
    hub.repos["Lab/Tiny-1B"] = hub.repos["lab/tiny"]
    path = f"{fake_vllm.install(tmp_path / 'bin').parent}:/usr/bin:/bin"
    made = run("deploy", "lab/tiny-1b", "--name", "mine", "--json", PATH=path).json
    assert made["served_model_names"] == ["mine", "Lab/Tiny-1B", "lab/tiny-1b"]
    assert made["openai_base_url"] == f"http://127.0.0.1:{made['port']}/v1"
    run("remove", "mine", PATH=path)


def test_what_a_pipe_and_a_program_see(run: Callable[..., Ran], hub: HubServer) -> None:
    ran = run("pull", "lab/tiny", "--progress", "jsonl", "--json")
    events = [json.loads(line) for line in ran.stderr.splitlines()]
    pulls = [event for event in events if event["event"] == "pull"]
    assert pulls[0]["done_bytes"] == 0
    assert pulls[-1]["done_bytes"] == pulls[-1]["total_bytes"] > 0
    assert {"fraction", "bytes_per_second", "seconds_left"} <= pulls[0].keys()


def test_several_names_one_result_each_from_the_variable_too(run: Callable[..., Ran]) -> None:
    ran = run("pull", "--json", MODELS="lab/tiny, lab/none")
    assert [(item["id"], item["error"] and item["error"]["code"]) for item in ran.json] == [
        ("lab/tiny", None), ("lab/none", "model_not_found"),
    ]  # fmt: skip
    assert (ran.status, ran.error["code"]) == (3, "model_not_found")
    assert run("pull").status == 2


def test_from_modelscope(run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run("pull", "lab/tiny", "--source", "modelscope", "--json")
    assert (ran.status, ran.json[0]["source"]) == (0, "modelscope"), ran.stderr
    assert Path(ran.json[0]["path"]).is_relative_to(tmp_path / "ms")
    assert {here["source"] for here in run("weights", "list", "--json").json} == {"modelscope"}
    assert run("weights", "prune", "--yes", "--json").json["freed_bytes"] > 0
    assert run("weights", "list", "--json").json == []


def test_to_a_folder_from_the_hub_and_from_the_cache(run: Callable[..., Ran], hub: HubServer, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    run("plan", "lab/tiny")  # its header is known by then
    hub.fault("model.safetensors", "wrong", after=1_000_000, times=2)
    broken = run("pull", "lab/tiny", "--to", str(folder), "--json")
    assert (broken.status, broken.error["code"]) == (6, "source_unavailable"), broken.stdout
    assert not (folder / "model.safetensors").exists()
    hub.faults.clear()
    ran = run("pull", "lab/tiny", "--to", str(folder), "--json")
    assert (ran.status, ran.json[0]["path"], ran.json[0]["changed"]) == (0, str(folder), True)
    expected = hub.repos["lab/tiny"].files["model.safetensors"]
    assert (folder / "model.safetensors").read_bytes() == expected
    assert not list(folder.rglob("*.incomplete"))
    assert not (tmp_path / "hf" / "hub" / "models--lab--tiny" / "snapshots").exists()
    assert run("plan", str(folder), "--json").json["feasible"] is True

    run("pull", "lab/tiny")
    (folder / "model.safetensors").write_bytes(b"\0" + expected[1:])
    mended = run("--offline", "pull", "lab/tiny", "--to", str(folder), "--json")
    assert (mended.status, mended.json[0]["changed"]) == (0, True), mended.stderr
    assert (folder / "model.safetensors").read_bytes() == expected
    assert run("--offline", "pull", "lab/tiny", "--to", str(folder), "--json").json[0]["changed"] is False


def test_a_planted_wrong_byte_is_found_and_mended(run: Callable[..., Ran], hub: HubServer) -> None:
    [pulled] = run("pull", "lab/tiny", "--json").json
    right = run("weights", "verify", "lab/tiny")
    assert (right.status, right.stdout) == (0, "lab/tiny  c0ffee00  7 files, 3.53 MiB: checksums match\n")
    path = Path(pulled["path"]) / "model.safetensors"
    content = path.read_bytes()
    path.resolve().write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    wrong = run("weights", "verify", "lab/tiny", "--json")
    assert (wrong.status, wrong.error["details"]["cause"]) == (1, ["model.safetensors: wrong hash"])
    assert run("pull", "lab/tiny", "--revision", pulled["revision"]).status == 0
    assert path.read_bytes() == content
    assert run("--offline", "weights", "verify", "lab/tiny").status == 0


def test_nothing_is_pulled_from_s3_into_a_cache(run: Callable[..., Ran]) -> None:
    assert run("pull", "s3://bucket/some/model").status == 2


def test_targets_that_are_refused(run: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert run("pull", "lab/tiny", "--to", str(tmp_path / "file")).status == 2
    assert run("pull", "lab/tiny", "--to", "gs://bucket/x").status == 2
    assert run("pull", "a/b", "c/d", "--to", "/tmp/x").stderr == snapshot("""\
error: `--to` takes one model: the files of several would mix
hint: modelscan pull a/b --to /tmp/x/b
hint: modelscan pull c/d --to /tmp/x/d
""")


def test_a_full_disk_is_told_before_the_first_byte(run: Callable[..., Ran], hub: HubServer) -> None:
    files = dict(hub.repos["lab/tiny"].files)
    hub.repos["lab/huge"] = Repo(files=files | {"model.safetensors": Huge.tensor()})
    ran = run("pull", "lab/huge", "--json")
    assert (ran.status, ran.error["code"]) == (1, "storage_failed")
    assert ran.error["details"]["needed_bytes"] >= 10**15
    assert ran.error["details"]["margin_bytes"] > 0
    assert hub.served["model.safetensors"] < 1_000_000


def test_gated_says_what_to_click_before_the_first_byte(run: Callable[..., Ran], hub: HubServer) -> None:
    hub.repos["lab/tiny"].gated = True
    ran = run("pull", "lab/tiny")
    assert (ran.status, ran.stderr.replace(hub.endpoint, "HUB")) == (
        6,
        snapshot("""\
error: `lab/tiny` is gated: its owner grants access only to people who accepted the terms
hint: accept the terms in a browser: HUB/lab/tiny
hint: log in: modelscan login
"""),
    )
    assert run("pull", "lab/tiny", HF_TOKEN=TOKEN).status == 0


def test_pickles_only_by_word(run: Callable[..., Ran], hub: HubServer) -> None:
    files = dict(hub.repos["lab/tiny"].files)
    files["pytorch_model.bin"] = files.pop("model.safetensors")
    hub.repos["lab/pickled"] = Repo(files=files)
    ran = run("pull", "lab/pickled")
    assert (ran.status, ran.stderr) == (
        1,
        snapshot("""\
warning: no catalog lists `lab/pickled`; it is taken as a repo and checked on the hub
error: the weights of `lab/pickled` are only pickles, and loading a pickle can run any code in it
hint: find a repo of the same model with safetensors files
hint: if you trust its owner: --allow-pickle
"""),
    )
    assert run("pull", "lab/pickled", "--allow-pickle").status == 0


def test_remote_code_is_shown_and_agreed_to_once_per_hash(
    run: Callable[..., Ran], hub: HubServer, tmp_path: Path
) -> None:
    repo = hub.repos["lab/tiny"]
    repo.files["modeling_tiny.py"] = CODE
    pull = ("pull", "lab/tiny", "--trust-remote-code")
    refused = run(*pull)
    assert (refused.status, refused.stderr.replace(hub.endpoint, "HUB")) == (
        2,
        snapshot("""\
warning: no catalog lists `lab/tiny`; it is taken as a repo and checked on the hub
error: nobody was asked whether `lab/tiny` may run code
  modeling_tiny.py git:26db4d61ad867c0a32a50d379ce146f5c4f51c81
hint: read it, then allow it: --trust-remote-code --yes
hint: or drop --trust-remote-code
"""),
    )
    assert run(*pull, "--yes").status == 0
    assert run(*pull).status == 0
    repo.files["modeling_tiny.py"] = CODE + b"import os\n"
    repo.commit = "0dd" + "1" * 37
    changed = run(*pull, "--revision", repo.commit, "--json")
    assert (changed.status, changed.error["code"]) == (2, "usage")


def test_a_deployment_whose_weights_may_not_be_downloaded_fails_at_once(
    run: Callable[..., Ran], hub: HubServer, tmp_path: Path
) -> None:
    program = fake_vllm.install(tmp_path / "bin")
    path = f"{program.parent}:/usr/bin:/bin"
    ran = run("deploy", "lab/tiny", "--json", AUTO_DOWNLOAD_MODELS="0", PATH=path)
    assert (ran.status, ran.error["code"], ran.error["hints"]) == (8, "conflict", ["modelscan pull lab/tiny"])
    assert "model.safetensors" in ran.error["details"]["missing"]
    assert run("list", "--json").json == []


def test_a_token_is_nowhere(run: Callable[..., Ran], hub: HubServer, home: Path, tmp_path: Path) -> None:
    """After each command: no file of ours, no output, no command line has it; the backend's environment neither."""
    hub.repos["lab/tiny"].gated = True
    path = f"{fake_vllm.install(tmp_path / 'bin').parent}:/usr/bin:/bin"
    known = (("HF_TOKEN", TOKEN), ("MODELSCOPE_API_TOKEN", "ms-planted"))
    commands = [
        ("pull", "lab/tiny"), ("deploy", "lab/tiny", "--name", "t", "--json"), ("status", "t", "--json"),
        ("logs", "t"), ("weights", "list", "--json"), ("doctor",), ("config", "show"), ("stop", "t"),
        ("pull", "lab/none", "--json"), ("remove", "t", "--purge-weights", "--yes"),
    ]  # fmt: skip
    seen = set()
    for command in commands:
        ran = run(*command, PATH=path, **dict(known))
        for _, secret in known:
            assert secret not in ran.stdout + ran.stderr, command
            for place in (home, tmp_path / "hf", tmp_path / "ms"):
                for file in place.rglob("*"):
                    assert not file.is_file() or secret.encode() not in file.read_bytes(), (command, file)
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    line, environment = ((process / name).read_bytes() for name in ("cmdline", "environ"))
                except OSError:
                    continue
                supervisor, backend = str(home).encode() in line, f"{STATE_TAG}={home}".encode() in environment
                shown = line + environment if supervisor or backend else line
                assert secret.encode() not in shown, (command, line)
                seen |= {(supervisor, backend)}
    assert seen == {(False, False), (True, False), (False, True)}
    assert not (tmp_path / "hf" / "hub" / "models--lab--tiny").exists()


@pytest.mark.slow
def test_a_killed_or_interrupted_pull_is_told_and_taken_up_again(
    run: Callable[..., Ran], hub: HubServer, tmp_path: Path
) -> None:
    path = f"{fake_vllm.install(tmp_path / 'bin').parent}:/usr/bin:/bin"
    environ = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "PATH": path}
    command = [sys.executable, "-m", "modelscan", "deploy", "lab/tiny", "--json"]
    hub.rate = 120_000
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as killed:
        pulling = until(run, lambda item: item["status"] == "pulling" and item["progress"] is not None)
        assert 0 <= pulling["progress"]["fraction"] < 1
        killed.kill()
    [dead] = run("list", "--json").json
    assert (dead["status"], dead["message"]) == ("failed", "interrupted")

    before = len(asked_for_parts(hub))
    command = [sys.executable, "-m", "modelscan", "start", "tiny", "--json"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as stopped:
        until(run, lambda item: item["status"] == "pulling" and len(asked_for_parts(hub)) > before)
        stopped.send_signal(signal.SIGINT)
        _, said = stopped.communicate(timeout=30)
    assert stopped.returncode == 130, said
    assert json.loads(said)["error"]["code"] == "interrupted"
    assert run("list", "--json").json[0]["status"] == "stopped"

    hub.rate = None
    before = hub.served["model.safetensors"]
    ready = run("start", "tiny", "--json", PATH=path)
    assert (ready.status, ready.json[0]["status"]) == (0, "ready"), ready.stderr
    assert hub.served["model.safetensors"] - before < len(hub.repos["lab/tiny"].files["model.safetensors"])
    assert run("remove", "tiny", "--purge-weights", "--yes").status == 0
    assert run("weights", "list", "--json").json == []


def asked_for_parts(hub: HubServer) -> list[str]:
    return [line for line in hub.requests if line.startswith("RANGE") and line.endswith("model.safetensors")]


def until(run: Callable[..., Ran], holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The one deployment, once this holds of it."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = run("list", "--json").json
        if found and holds(found[0]):
            return dict(found[0])
        time.sleep(0.1)
    raise AssertionError("it never came to that")


@pytest.mark.slow
def test_the_bar_on_a_terminal(run: Callable[..., Ran], hub: HubServer, home: Path) -> None:
    hub.rate = 2_000_000
    parent, child = pty.openpty()
    environ = os.environ | {"HF_ENDPOINT": hub.endpoint, "HF_HUB_OFFLINE": "0", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "modelscan", "pull", "lab/tiny"], env=environ, stdin=child, stdout=child, stderr=child
    ) as process:
        os.close(child)
        shown = b""
        try:
            while block := os.read(parent, 4096):
                shown += block
        except OSError:
            pass
        assert process.wait(20) == 0, shown
    os.close(parent)
    assert "━" in shown.decode()
    assert b"/s" in shown


@pytest.mark.slow
def test_pull_gets_the_newest_and_keeps_what_is_here_without_a_network(hub: HubServer, run: Callable[..., Ran]) -> None:
    repo = hub.repos["lab/tiny"]
    (first,) = run("pull", "lab/tiny", "--json").json
    repo.older[repo.commit] = dict(repo.files)
    repo.commit, repo.files["README.md"] = "b" * 40, b"a newer one"
    (second,) = run("pull", "lab/tiny", "--json").json
    assert (first["revision"], second["revision"], second["changed"]) == ("c0ffee" + "0" * 34, "b" * 40, True)
    hub.served.clear()
    hub.status["lab/tiny"] = 500
    (third,) = run("pull", "lab/tiny", "--json").json
    (offline,) = run("--offline", "pull", "lab/tiny", "--json").json
    assert third | {"changed": True} == offline | {"changed": True} == second
    assert hub.served == {}


def test_weights_in_formats_that_no_backend_loads_are_refused(run: Callable[..., Ran], hub: HubServer) -> None:
    files = {name: data for name, data in hub.repos["lab/tiny"].files.items() if not name.endswith(".safetensors")}
    hub.repos["lab/onnx"] = Repo(files=files | {"onnx/model.onnx": b"x", "tf_model.h5": b"x"})
    ran = run("pull", "lab/onnx", "--json")
    assert (ran.status, ran.error["message"]) == (3, "`lab/onnx` holds ONNX files, which no backend here loads")
    assert not any("onnx/model" in line for line in hub.requests)


@pytest.mark.parametrize("wanted", [(), ("--backend-arg=--load-format=mistral",)])
@pytest.mark.slow
def test_what_is_downloaded_is_what_the_planned_command_loads(
    run: Callable[..., Ran], hub: HubServer, tmp_path: Path, wanted: tuple[str, ...]
) -> None:
    files = hub.repos["lab/tiny"].files
    weights = files["model.safetensors"]
    hub.repos["lab/two"] = Repo(files=files | {"consolidated.safetensors": weights, "params.json": b"{}"})
    path = f"{fake_vllm.install(tmp_path / 'bin').parent}:/usr/bin:/bin"
    ran = run("deploy", "lab/two", "--name", "two", *wanted, "--json", PATH=path)
    assert ran.status == 0, ran.stderr
    [folder] = (tmp_path / "hf" / "hub" / "models--lab--two" / "snapshots").iterdir()
    there = {file.name for file in folder.iterdir()} & {"model.safetensors", "consolidated.safetensors"}
    assert there == {"consolidated.safetensors" if wanted else "model.safetensors"}
    assert run("weights", "verify", "lab/two", PATH=path).status == 0
    run("remove", "two", PATH=path)
