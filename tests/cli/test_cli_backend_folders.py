"""`backend.dirs`: a folder in it counts, or somebody says that it does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli import fake_vllm
from tests.cli.conftest import Modelscan


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No backend on PATH; the current folder is the test's own."""
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("within", [".", "bin", "venv/bin", ".venv/bin"])
def test_a_folder_that_is_or_holds_an_environment_is_set_whole_and_used(
    modelscan: Modelscan, tmp_path: Path, within: str
) -> None:
    program = fake_vllm.install(tmp_path / "own" / within)
    assert modelscan("config", "set", "backend.dirs", "own").status == 0
    assert modelscan("config", "get", "backend.dirs").stdout == f"{tmp_path}/own\n"
    [found] = modelscan("backend", "list", "--json").json
    assert Path(found["program"]) == program
    assert (found["version"], found["managed"]) == ("0.32.0+cpu", False)
    assert modelscan("plan", "demo", "--json").json["chosen"]["backend_version"] == "0.32.0+cpu"


def test_a_folder_without_a_backend_is_not_set(modelscan: Modelscan, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ran = modelscan("config", "set", "backend.dirs", "wrong")
    assert (ran.status, ran.stdout) == (2, "")
    assert ran.stderr.replace(str(tmp_path), "HERE") == snapshot("""\
error: `HERE/wrong` is not a folder, so it is no environment of a backend
hint: name the folder of a virtual environment: modelscan config set backend.dirs /path/to/venv
hint: what is installed already: modelscan backend list
""")
    ran = modelscan("config", "set", "backend.dirs", "empty")
    assert ran.status == 2
    assert ran.stderr.replace(str(tmp_path), "HERE") == snapshot("""\
error: `HERE/empty` has no program `vllm`, `sglang`, `llama-server` or `modelscan-handlers`, so it is no environment of a backend
hint: name the folder of a virtual environment: modelscan config set backend.dirs /path/to/venv
hint: what is installed already: modelscan backend list
""")
    assert modelscan("config", "get", "backend.dirs").stdout == "\n"


def test_one_that_came_another_way_is_named_wherever_a_backend_is_looked_for(
    modelscan: Modelscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELSCAN_BACKEND_DIRS", "/gone")
    assert modelscan("backend", "list").stderr == snapshot("""\
warning: `/gone` in the setting backend.dirs has no working backend
No backend installed. Install one: modelscan backend install vllm
""")
    assert modelscan("backend", "show", "vllm").stderr == snapshot("""\
error: the backend `vllm` is not installed
  `/gone` in the setting backend.dirs has no working backend
hint: modelscan backend install vllm
""")
    ran = modelscan("deploy", "demo")
    assert (ran.status, ran.stderr.splitlines()[0]) == (
        7,
        snapshot("warning: `/gone` in the setting backend.dirs has no working backend"),
    )
    ran = modelscan("plan", "demo", "--json")
    assert ran.json["warnings"] == snapshot(["`/gone` in the setting backend.dirs has no working backend"])
    assert modelscan("plan", "demo").stderr == snapshot(
        "warning: `/gone` in the setting backend.dirs has no working backend\n"
    )
    problems = [line for line in modelscan("doctor").stdout.split("\n") if line.startswith("problem")]
    assert problems == snapshot(["problem: backend: `/gone` in the setting backend.dirs has no working backend"])


def test_paths_in_settings_are_the_same_ones_from_any_folder(modelscan: Modelscan, tmp_path: Path) -> None:
    modelscan("config", "set", "catalog.dirs", "mine:~/more")
    modelscan("config", "set", "routing.file", "routes.yaml")
    assert modelscan("config", "get", "catalog.dirs").stdout == f"{tmp_path}/mine:{tmp_path}/more\n"
    assert modelscan("config", "get", "routing.file").stdout == f"{tmp_path}/routes.yaml\n"


def test_a_catalog_folder_that_is_not_there_is_a_finding(modelscan: Modelscan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSCAN_CATALOG_DIRS", "/gone")
    problems = [line for line in modelscan("doctor").stdout.split("\n") if line.startswith("problem")]
    assert problems == snapshot(["problem: catalog: `/gone` in the setting catalog.dirs is not a folder"])
