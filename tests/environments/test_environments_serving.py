"""A program of ours in an environment: it runs there without modelscan, and is brought up to date."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

import pytest

from modelscan import dataclasses
from modelscan.environments.find import find_installations
from modelscan.environments.serving import add_program, bring_up_to_date
from modelscan.model import Installation
from modelscan.settings.reading import load_settings
from modelscan.storage.shipped import serving_programs


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """One whose path has a blank, with the metadata of the wheel."""
    folder = tmp_path / "my environments" / "llama"
    venv.create(folder / "venv", symlinks=True, with_pip=False)
    [packages] = (folder / "venv").glob("lib/python3*/site-packages")
    metadata = packages / "xllamacpp-2026.10.11549.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: xllamacpp\nVersion: 2026.10.11549\n")
    add_program(folder / "venv", "llama-server", "llamacpp")
    return folder


def copied(environment: Path) -> Path:
    [copy] = (environment / "venv").glob("lib/python3*/site-packages/modelscan_serving")
    return copy


def test_it_runs_with_the_environments_own_python_and_nothing_of_ours(environment: Path) -> None:
    program = environment / "venv" / "bin" / "llama-server"
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    assert said.stdout == "version: 2026.10.11549 (llama.cpp's server, in xllamacpp)\n"
    lacking = subprocess.run(
        [program, "--port", "1"], capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}
    )
    assert "No module named 'xllamacpp'" in lacking.stderr


def test_an_environment_of_the_users_with_such_a_program_is_known_by_its_wheel(
    environment: Path, tmp_path: Path
) -> None:
    settings = load_settings(
        {"PATH": "/usr/bin:/bin", "MODELSCAN_HOME": str(tmp_path / "home"), "MODELSCAN_BACKEND_DIRS": str(environment)}
    )
    [found] = find_installations(settings)
    assert (found.backend, found.version, found.device) == ("llamacpp", "2026.10.11549", "cpu")
    assert found.requirements == {"xllamacpp": "2026.10.11549"}


def test_a_copy_of_another_release_is_replaced_and_a_right_one_left_alone(environment: Path) -> None:
    made = Installation(backend="llamacpp", version="1", device="cpu", program="x", path=str(environment), managed=True)
    copy = copied(environment)
    before = copy.stat().st_ino
    bring_up_to_date(made)
    assert copy.stat().st_ino == before

    (copy / "llamacpp" / "flags.py").write_text("an older one")
    (copy / "gone.py").write_text("")
    bring_up_to_date(dataclasses.replace(made, managed=False))
    assert (copy / "llamacpp" / "flags.py").read_text() == "an older one"
    bring_up_to_date(made)
    assert (copy / "llamacpp" / "flags.py").read_text() == (serving_programs() / "llamacpp" / "flags.py").read_text()
    assert not (copy / "gone.py").exists()
    assert [item.name for item in copy.parent.iterdir() if item.name.startswith(".")] == []


def test_an_environment_without_such_programs_gets_none(tmp_path: Path) -> None:
    (tmp_path / "venv/lib/python3.11/site-packages").mkdir(parents=True)
    bring_up_to_date(
        Installation(backend="vllm", version="1", device="cpu", program="x", path=str(tmp_path), managed=True)
    )
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
