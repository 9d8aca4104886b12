"""`start --all`: what `stop --all`, or a reboot, has ended comes back, in the order of creation."""

from __future__ import annotations

from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan


def test_all_that_is_stopped_is_started(modelscan: Modelscan, vllm: Path) -> None:
    for name in ("zeta", "alpha", "runs"):
        assert modelscan("deploy", "demo", "--name", name).status == 0
    assert modelscan("stop", "alpha", "zeta").status == 0
    ran = modelscan("start", "--all")
    assert ran.status == 0
    assert ran.stderr.splitlines()[0] == snapshot("starting zeta, alpha")
    done = [line.split()[0] for line in ran.stdout.splitlines() if "  ready" in line]
    assert done == ["zeta", "alpha"]


@pytest.mark.slow
def test_in_json_each_is_a_result(modelscan: Modelscan, vllm: Path) -> None:
    for name in ("b", "a"):
        modelscan("deploy", "demo", "--name", name)
    modelscan("stop", "--all")
    ran = modelscan("start", "-a", "--json")
    assert [(item["name"], item["status"], item["changed"], item["error"]) for item in ran.json] == [
        ("b", "ready", True, None),
        ("a", "ready", True, None),
    ]
    assert not ran.stderr


@pytest.mark.slow
def test_one_that_cannot_start_does_not_hold_up_the_others(modelscan: Modelscan, vllm: Path, folder: Path) -> None:
    assert modelscan("deploy", str(folder), "--name", "gone").status == 0
    assert modelscan("deploy", "demo", "--name", "whole").status == 0
    modelscan("stop", "--all")
    (folder / "config.json").unlink()
    (folder / "model.safetensors").unlink()
    ran = modelscan("start", "--all", "--json")
    results = {item["name"]: item for item in ran.json}
    assert results["whole"]["status"] == "ready"
    assert (ran.status == 0) is (results["gone"]["error"] is None)


def test_nothing_to_start(modelscan: Modelscan, home: Path) -> None:
    ran = modelscan("start", "--all")
    assert (ran.status, ran.stdout, ran.stderr) == snapshot((0, "", "no deployment is stopped\n"))
    ran = modelscan("start")
    assert (ran.status, ran.stderr) == snapshot(
        (
            2,
            """\
error: Invalid value for NAME: name the deployments to start, or use --all
hint: modelscan start --help
""",
        )
    )
