"""`up` and registered models: seeds first, entries that change, what they ask to be deployed and pulled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

from modelscan.registry.changed import at_a_glance, keep_pulled
from modelscan.settings.reading import load_settings

pytestmark = pytest.mark.usefixtures("vllm")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MODELS", raising=False)


def seed(monkeypatch: pytest.MonkeyPatch, number: int, **entry: object) -> None:
    document = {"name": "Ours", "type": "chat", "runtime": "vllm", **entry}
    monkeypatch.setenv(f"MODELSCAN_SEED_MODEL_{number}", json.dumps(document))


def test_without_a_file_seeds_that_say_prewarm_are_deployed(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed(monkeypatch, 1, id="modelscan/demo", prewarm=True, runtime_args=["--max-model-len", "512"])
    seed(monkeypatch, 2, id="qwen/qwen3-0.6b")
    ran = modelscan("up")
    assert ran.status == 0, ran.stderr
    assert ran.stderr.splitlines()[:5] == snapshot(
        [
            "INFO loaded seed models from environment count=2",
            "INFO seeding models from environment variables count=2",
            'INFO created model from environment seed model_id=modelscan/demo name="Ours"',
            'INFO created model from environment seed model_id=qwen/qwen3-0.6b name="Ours"',
            "INFO completed model seeding from environment variables",
        ]
    )
    [deployment] = modelscan("list", "--json").json
    assert (deployment["name"], deployment["max_model_len"], deployment["started_by"]) == ("demo", 512, "up")
    assert modelscan("up", "--json").json["changed"] is False


@pytest.mark.slow
def test_an_entry_that_changed_replaces_and_the_same_does_not(modelscan: Modelscan) -> None:
    assert modelscan("model", "add", "modelscan/demo", "--set", "context_length=512").status == 0
    Path("modelscan.yaml").write_text("deployments: {chat: {model: demo}}")
    assert modelscan("up").status == 0
    again = modelscan("up", "--json")
    assert (again.status, again.json["changed"]) == (0, False)
    assert modelscan("model", "edit", "modelscan/demo", "--set", "context_length=1024").status == 0
    edited = modelscan("up", "--json")
    [action] = edited.json["actions"]
    assert (action["action"], action["difference"]) == ("replace", ["entry.context_length: 512 before, 1024 now"])
    assert modelscan("model", "remove", "modelscan/demo").status == 0
    removed = modelscan("up", "--json")
    assert removed.json["actions"][0]["difference"][0] == "entry.context_length: 1024 before, not given now"


@pytest.mark.slow
def test_a_list_of_models_beside_the_file_counts(modelscan: Modelscan, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "models.local.yaml").write_text("models: [{name: modelscan/demo, context_length: 512}]")
    (folder / "modelscan.yaml").write_text("deployments: {chat: {model: demo}}")
    ran = modelscan("up", str(folder / "modelscan.yaml"), "--json")
    assert ran.status == 0, ran.stderr
    assert ran.json["actions"][0]["max_model_len"] == 512
    assert modelscan("up", str(folder / "modelscan.yaml"), "--json").json["changed"] is False


def test_a_dry_run_knows_the_seeds_and_registers_nothing(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(monkeypatch, 1, id="Our/Chat", local_path="shipped:demo", context_length=512)
    Path("modelscan.yaml").write_text("deployments: {chat: {model: our/chat}}")
    ran = modelscan("up", "--dry-run")
    assert (ran.status, ran.stdout, ran.stderr) == snapshot(
        (
            0,
            """\
NAME  ACTION  MODEL          ON     MEMORY  CONTEXT  WHY
chat  create  our/chat FP32  CPU  1.72 GiB      512  it is new

""",
            "INFO loaded seed models from environment count=1\n",
        )
    )
    assert modelscan("model", "list", "--json").json == []
    assert modelscan("up").status == 0
    monkeypatch.setenv("MODELSCAN_SEED_MODELS_UPDATE_EXISTING", "true")
    seed(monkeypatch, 1, id="Our/Chat", local_path="shipped:demo", context_length=256)
    [action] = modelscan("up", "--dry-run", "--json").json["actions"]
    assert (action["action"], action["difference"]) == snapshot(
        ("replace", ["entry.context_length: 512 before, 256 now"])
    )


PROBE = """
import json, sys
from modelscan.cli import main
status = main(["up", "--json"])
print(json.dumps([status, "modelscan.planning.decide.planner" in sys.modules]), file=sys.stderr)
"""


@pytest.mark.slow
def test_what_is_pulled_already_is_seen_without_a_plan(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(monkeypatch, 1, id="modelscan/demo", auto_pull=True)
    Path("modelscan.yaml").write_text("deployments: {chat: {model: demo, on_demand: true}}")

    def plans() -> bool:
        done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
        status, planned = json.loads(done.stderr.splitlines()[-1])
        assert (status, json.loads(done.stdout)["changed"]) == (0, False)
        return bool(planned)

    assert modelscan("model", "seed").status == 0
    seeded = int(time.time())
    while int(time.time()) == seeded:  # records tell times in seconds
        time.sleep(0.02)
    assert modelscan("up").status == 0
    assert not plans()
    assert modelscan("model", "add", "modelscan/other", "--set", "local_path=shipped:demo").status == 0
    assert plans()


def test_what_is_pulled_counts_while_it_is_there(home: Path, tmp_path: Path, modelscan: Modelscan) -> None:
    assert modelscan("model", "add", "modelscan/demo", "--set", "auto_pull=true").status == 0
    folder, context = tmp_path / "weights", load_settings(dict(os.environ))
    folder.mkdir()
    assert at_a_glance(context).pulls
    keep_pulled(context, [folder])
    assert not at_a_glance(context).pulls
    folder.rmdir()
    assert at_a_glance(context).pulls
    folder.mkdir()
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "models.local.yaml").write_text("models: []")
    assert at_a_glance(context).pulls


@pytest.mark.slow
def test_what_cannot_be_pulled_is_a_warning(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(monkeypatch, 1, id="modelscan/demo", prewarm=True, auto_pull=True)
    seed(monkeypatch, 2, id="qwen/qwen3-0.6b", auto_pull=True)
    ran = modelscan("up")
    assert ran.status == 0, ran.stderr
    assert "warning: qwen/qwen3-0.6b: it was not pulled: " in ran.stderr
    assert "modelscan/demo: it was not pulled" not in ran.stderr


def test_models_names_registered_ones_too(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    seed(monkeypatch, 1, id="modelscan/demo", enabled=False)
    monkeypatch.setenv("MODELS", "modelscan/demo")
    disabled = modelscan("up")
    assert disabled.status == 8
    assert "error: `modelscan/demo` is disabled\n" in disabled.stderr
    assert modelscan("list", "--json").json == []
    assert os.environ["MODELS"]
