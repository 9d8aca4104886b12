"""The record of an environment, as it is written and read again."""

from __future__ import annotations

from pathlib import Path

from tests.environments.conftest import Machine

from modelscan import dataclasses
from modelscan.environments.record import read_records, write_record


def test_environments_are_read_newest_release_first(machine: Machine, tmp_path: Path) -> None:
    made = machine.install()
    versions = [None, "0.9.2", "0.32rc1", "main", "0.31.0+cpu", "0.10.0", "0.31.1.post1"]
    for number, version in enumerate(versions):
        folder = tmp_path / "environments" / str(number)
        folder.mkdir(parents=True)
        write_record(dataclasses.replace(made, version=version, path=str(folder)))
    found = [item.version for item in read_records(tmp_path / "environments")]
    assert found[:-2] == ["0.32rc1", "0.31.1.post1", "0.31.0+cpu", "0.10.0", "0.9.2"]
    assert set(found[-2:]) == {None, "main"}
