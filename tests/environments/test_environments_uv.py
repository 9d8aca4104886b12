"""A uv that answers and is new enough is used; without one, one is made. Its errors become one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from environments_machine import NO_INDEX, NO_PYTORCH, NO_TORCH, Machine

from modelscan.environments.uv import ensure_uv, find_uv, why_it_failed
from modelscan.errors import BackendFailed
from modelscan.system.processes import run as process
from modelscan.system.processes.run import Completed

Script = Callable[..., Path]


def test_path_comes_before_the_interpreters_folder(machine: Machine, make_script: Script) -> None:
    beside = make_script(machine.python.parent / "uv", "print('uv 0.9.0')")
    assert find_uv(machine.settings, process.run, python=str(machine.python)) == str(machine.uv)
    machine.environ = {"PATH": "/nowhere"}
    assert find_uv(machine.settings, process.run, python=str(machine.python)) == str(beside)


@pytest.mark.parametrize("version", ["uv 0.7.13 (old)", "pyenv: uv: command not found", ""])
def test_one_that_is_too_old_or_does_not_answer_is_passed_over(
    machine: Machine, make_script: Script, version: str
) -> None:
    (machine.folder / "version").write_text(version)
    assert find_uv(machine.settings, process.run, python=str(machine.python)) is None
    beside = make_script(machine.python.parent / "uv", "print('uv 1.0.0')")
    assert find_uv(machine.settings, process.run, python=str(machine.python)) == str(beside)


def test_one_is_made_where_there_is_none(machine: Machine, make_script: Script) -> None:
    machine.environ = {"PATH": "/nowhere"}
    own = machine.home / "data" / "backends" / "uv"
    asked: list[list[str]] = []

    def stream(argv: Sequence[str], *, env: Any, on_line: Callable[[str], None], cwd: Path | None = None) -> Completed:
        asked.append(list(argv))
        if "venv" not in argv:
            make_script(own / "bin" / "uv", "print('uv 0.13.8')")
        return Completed(0)

    lines: list[str] = []
    made = ensure_uv(machine.settings, on_line=lines.append, run=process.run, stream=stream, python="/their/python")
    assert made == str(own / "bin" / "uv")
    assert lines == [f"cannot find uv: installing it in {own}"]
    assert asked == [
        ["/their/python", "-m", "venv", str(own)],
        [f"{own}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv>=0.7.14"],
    ]
    again = ensure_uv(machine.settings, on_line=lines.append, run=process.run, stream=stream, python="/their/python")
    assert (again, len(asked)) == (made, 2)


def test_why_none_could_be_made(machine: Machine) -> None:
    machine.environ = {"PATH": "/nowhere"}

    def stream(argv: Sequence[str], *, env: Any, on_line: Callable[[str], None], cwd: Path | None = None) -> Completed:
        if "venv" in argv:
            return Completed(0)
        told = "Looking in indexes: https://me:word@m.test/\nERROR: No matching distribution at https://me:word@m.test/"
        return Completed(1, told)

    with pytest.raises(BackendFailed) as failed:
        ensure_uv(machine.settings, on_line=lambda _line: None, run=process.run, stream=stream, python="/their/python")
    assert failed.value.message == "cannot install uv, which creates the environments"
    assert failed.value.cause == ("ERROR: No matching distribution at https://***@m.test/",)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (NO_TORCH, "no source has torch==2.13.0+cpu"),
        (
            NO_INDEX,
            "wheels.vllm.ai cannot be reached: failed to lookup address information: Name or service not known",
        ),
        (
            NO_PYTORCH,
            "download.pytorch.org cannot be reached: failed to lookup address information: Name or service not known",
        ),
        (
            (
                "  \u00d7 No solution found when resolving dependencies:\n"
                "  \u2570\u2500\u25b6 Because there is no version of vllm==9.9 and you require vllm==9.9, we can\n"
                "      conclude that your requirements are unsatisfiable."
            ),
            "no source has vllm==9.9",
        ),
        (
            "error: No solution found\n  cause: Because only certifi<=1 is available and vllm depends on certifi>=2",
            "Because only certifi<=1 is available and vllm depends on certifi>=2",
        ),
        ("error: Failed to fetch: https://me:word@m.test:8443/simple/\n", "m.test:8443 cannot be reached"),
        ("error: something else", "something else"),
        ("thread 'main' panicked\n\n", "thread 'main' panicked"),
        ("", "it failed without a message"),
    ],
)
def test_the_first_cause_in_one_line(output: str, expected: str) -> None:
    assert why_it_failed(output) == expected
