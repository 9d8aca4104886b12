"""`--timeout` is total: what comes before the start counts too, and is ended like a start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from inline_snapshot import snapshot
from tests.cli.conftest import Modelscan

HANGING_UV = """\
#!/bin/sh
[ "$1" = --version ] && echo uv 0.13.8 && exit
echo $$ > "{folder}/pid"
exec sleep 600
"""


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A uv that comes to no end, and no backend; where it writes down its pid."""
    program = tmp_path / "bin" / "uv"
    program.parent.mkdir()
    program.write_text(HANGING_UV.format(folder=tmp_path))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path / "pid"


def ended(pid: Path) -> bool:
    """Whether it runs no more; on a busy machine the time may be over before it ran."""
    return not pid.exists() or not Path("/proc", pid.read_text().strip()).exists()


@pytest.mark.slow
def test_of_an_installation(modelscan: Modelscan, hanging: Path) -> None:
    began = time.monotonic()
    ran = modelscan("deploy", "demo", "--yes", "--timeout", "2", "--json")
    assert time.monotonic() - began < 30
    assert (ran.status, ran.stdout, ran.error) == (
        7,
        "",
        snapshot(
            {
                "code": "timeout",
                "message": "`demo` did not become ready within 2 s: it was `pending`",
                "hints": ["go on where it stopped: modelscan start demo", "modelscan remove demo"],
                "details": {"status": "pending", "phase": "environment", "cause": ["environment"]},
            }
        ),
    )
    assert ended(hanging)
    [deployment] = modelscan("list", "--json").json
    assert (deployment["status"], deployment["message"]) == snapshot(("stopped", "not started within 2 s"))


@pytest.mark.slow
def test_of_an_installation_that_a_start_goes_on_with(modelscan: Modelscan, hanging: Path) -> None:
    modelscan("deploy", "demo", "--yes", "--timeout", "3")
    hanging.unlink(missing_ok=True)
    ran = modelscan("start", "demo", "--timeout", "3")
    assert (ran.status, ran.stderr.splitlines()[-4:]) == (
        7,
        snapshot(
            [
                "error: `demo` did not become ready within 3 s: it was `pending`",
                "  environment",
                "hint: go on where it stopped: modelscan start demo",
                "hint: modelscan remove demo",
            ]
        ),
    )
    assert ended(hanging)


@pytest.mark.slow
def test_of_a_start(modelscan: Modelscan, vllm: Path, folder: Path) -> None:
    (folder / "mood").write_text("mute")
    modelscan("deploy", str(folder), "--name", "slow", "--no-wait")
    ran = modelscan("deploy", str(folder), "--name", "slow", "--timeout", "2")
    assert ran.status == 7
    assert [line for line in ran.stderr.splitlines() if line.startswith(("error", "hint"))] == snapshot(
        [
            "error: `slow` did not become ready within 2 s: it is `starting`",
            "hint: modelscan wait slow",
            "hint: modelscan logs slow --follow",
        ]
    )
