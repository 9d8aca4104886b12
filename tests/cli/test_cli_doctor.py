"""`doctor`: what is wrong here, and the command that mends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli import fake_vllm
from tests.cli.conftest import Modelscan


def test_what_is_right_is_said_and_ends_with_0(modelscan: Modelscan, vllm: Path) -> None:
    ran = modelscan("doctor")
    assert (ran.status, ran.stderr) == (0, "")
    assert "ok: backend: vllm 0.32.0+cpu for cpu (yours)\n" in ran.stdout
    assert all(line.startswith(("ok: ", "note: ")) for line in ran.stdout.splitlines())


def test_a_named_folder_without_a_backend_is_a_problem(
    modelscan: Modelscan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, empty = tmp_path / "whole", tmp_path / "empty"
    fake_vllm.install(whole / "bin")
    monkeypatch.setenv("MODELSCAN_BACKEND_DIRS", f"{whole}:{empty}")
    ran = modelscan("doctor", "--json")
    problems = [check for check in ran.json if check["status"] == "problem"]
    assert ran.status == 1
    assert [(check["name"], check["message"], check["hints"][-1]) for check in problems] == [
        (
            "backend",
            f"`{empty}` in the setting backend.dirs has no working backend",
            "modelscan config unset backend.dirs",
        )
    ]
