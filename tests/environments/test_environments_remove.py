"""Only what modelscan made is ever removed, and then wholly."""

from __future__ import annotations

from pathlib import Path

import pytest
from environments_machine import Machine

from modelscan import dataclasses
from modelscan.environments.find import find_installations
from modelscan.environments.remove import remove
from modelscan.errors import Usage


def test_the_whole_environment_goes(machine: Machine) -> None:
    made = machine.install()
    remove(made, machine.settings)
    assert not Path(made.path).exists()
    assert find_installations(machine.settings) == []
    remove(made, machine.settings)


@pytest.mark.parametrize(
    "change", [{"managed": False}, {"path": "/usr/bin"}, {"path": ""}, {"path": "HOME/data/backends"}]
)
def test_anything_else_is_refused_and_stays(machine: Machine, change: dict[str, object]) -> None:
    made = machine.install()
    if change.get("path") == "HOME/data/backends":
        change = {"path": str(machine.home / "data" / "backends")}
    with pytest.raises(Usage) as refused:
        remove(dataclasses.replace(made, **change), machine.settings)  # type: ignore[arg-type]
    assert refused.value.message == f"`{made.program}` was not installed by modelscan"
    assert find_installations(machine.settings) == [made]


def test_versions_stand_side_by_side_newest_first_and_go_one_by_one(machine: Machine) -> None:
    newer = machine.install()
    machine.sync = {"program": "#!/bin/sh\necho 0.31.0+cpu\n"}
    machine.compile = {"vllm==0.31.0+cpu torch-backend": {"pins": "torch==2.12.0+cpu\nvllm==0.31.0+cpu\n"}}
    older = machine.install("0.31.0")
    assert [item.version for item in find_installations(machine.settings)] == ["0.32.0", "0.31.0"]
    assert newer.path != older.path
    remove(newer, machine.settings)
    assert find_installations(machine.settings) == [older]
