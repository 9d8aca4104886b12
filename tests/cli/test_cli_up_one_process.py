"""Several models that no file lays out, in one process of a backend that serves several: planned, served, kept, ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan
from tests.deployments import hostile

from modelscan.storage.shipped import shipped

_VERSIONS = {"transformers": "5.24.0", "torch": "2.13.0+cpu", "starlette": "1.0", "uvicorn": "0.5"}
_SERVER = f"""
import json, os, sys
models = [json.loads(word) for at, word in enumerate(sys.argv) if sys.argv[at - 1] == "--model"]
port = sys.argv[sys.argv.index("--port") + 1]
name = models[0]["names"][0]
os.execv({sys.executable!r}, [{sys.executable!r}, "-S", {hostile.__file__!r}, "--mode", "polite", "--name", name, "--port", port])
"""


@pytest.fixture(autouse=True)
def handlers(vllm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, modelscan: Modelscan) -> None:
    """An environment with the handlers' server, as far as it is looked at, and three models that ask for it."""
    python = vllm.parent / "python-of-handlers"
    python.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] && echo \'{json.dumps(_VERSIONS)}\' && exit\nexec {sys.executable} -S "$@"\n'
    )
    (program := vllm.parent / "modelscan-handlers").write_text(f"#!{python}\n{_SERVER}")
    for path in (python, program):
        path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    for name in ("one", "two", "three"):
        words = ("--type", "chat", "--runtime", "transformers", "--set", f"local_path={shipped('demo')}")
        assert modelscan("model", "add", f"our/{name}", *words).status == 0


def test_they_share_one_and_all_their_names_lead_to_it(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS", "our/one,demo,our/two")
    planned = modelscan("up", "--dry-run", "--json").json["actions"]
    assert [(item["name"], item["model"]) for item in planned] == snapshot(
        [("one", "our/one + our/two"), ("demo", "modelscan/demo")]
    )
    assert modelscan("up", "--yes").status == 0
    one = modelscan("status", "one", "--json").json
    assert [(item["model"], item["served_model_names"]) for item in one["models"]] == snapshot(
        [("our/one", ["one", "our/one"]), ("our/two", ["two", "our/two"])]
    )
    assert one["model"] == one["models"][0]["model"]
    documents = [json.loads(word) for at, word in enumerate(one["argv"]) if one["argv"][at - 1] == "--model"]
    assert [(item["names"], item["task"]) for item in documents] == [
        (["one", "our/one"], "chat"),
        (["two", "our/two"], "chat"),
    ]
    alone = modelscan("plan", "our/one", "--json").json["chosen"]["memory_per_gpu"]
    assert one["memory"]["estimated_bytes"] == alone["total_bytes"] + alone["weights_bytes"]
    assert "our/one + our/two" in modelscan("list").stdout
    assert modelscan("status", "demo", "--json").json["models"] == []


@pytest.mark.slow
def test_the_same_again_changes_nothing_and_another_set_says_how(
    modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS", "our/one,our/two")
    assert modelscan("up", "--yes").status == 0
    for models in ("our/one,our/two", "our/two,our/one"):
        monkeypatch.setenv("MODELS", models)
        again = modelscan("up", "--json")
        assert (again.status, again.json["changed"]) == (0, False)
    monkeypatch.setenv("MODELS", "our/one,our/two,our/three")
    [action] = modelscan("up", "--dry-run", "--json").json["actions"]
    assert (action["action"], action["difference"][0]) == snapshot(
        ("replace", "beside: our/two before, our/two our/three now")
    )
    monkeypatch.setenv("MODELS", "our/one,our/two")
    modelscan("model", "edit", "our/two", "--set", "max_parallelism=2")
    [action] = modelscan("up", "--dry-run", "--json").json["actions"]
    assert action["difference"] == snapshot(["entry.beside.our/two.max_parallelism: not given before, 2 now"])
    assert modelscan("stop", "one").status == 0
    [started] = modelscan("start", "one", "--json").json
    assert (started["status"], len(started["models"])) == ("ready", 2)


@pytest.mark.slow
def test_one_that_has_a_deployment_of_its_own_keeps_it(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS", "our/two")
    assert modelscan("up", "--yes").status == 0
    monkeypatch.setenv("MODELS", "our/one,our/two,our/three")
    planned = modelscan("up", "--dry-run", "--json").json["actions"]
    assert [(item["model"], item["action"]) for item in planned] == snapshot(
        [("our/one + our/three", "create"), ("our/two", "keep")]
    )
