"""Several users at once, killing as they go: nothing orphaned, nothing booked twice, no record lost."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_house import CLOCK, Make, eventually, free_port, names_of, observe, processes_of, record, start, stop, wait
from tests.cli import fake_vllm
from tests.cli.conftest import Ran
from tests.cli.driver import driving
from tests.hardware.ledger import USABLE_BYTES, gpu_in_a_file, overbooked
from traffic import MOODS

from modelscan.deployments.document import deployment_of
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.settings.reading import Settings, load_settings
from modelscan.storage.locks import is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.storage.shipped import shipped
from modelscan.system.processes.identity import send, tagged, tagged_as
from modelscan.system.processes.ports import is_free
from modelscan.targets.local.orphans import find_orphans

TRAFFIC = Path(__file__).with_name("traffic.py")


@pytest.fixture
def machine_with_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    gpu = gpu_in_a_file(tmp_path / "nvml")
    if gpu is None:
        pytest.skip("no C compiler")
    program = fake_vllm.install(tmp_path / "bin", "0.32.0")
    for mood in MOODS:
        shutil.copytree(shipped("demo"), tmp_path / "weights" / mood, copy_function=os.link)
        (tmp_path / "weights" / mood / "mood").write_text(mood)
    for name, value in {
        **gpu,
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "MODELSCAN_STOP_GRACE": "0.3",
        "MODELSCAN_STOP_LINGER": "0.3",
        "MODELSCAN_RELEASE_TIMEOUT": "3",
        "MODELSCAN_FIRST_PORT": str(free_port()),
    }.items():
        monkeypatch.setenv(name, value)
    return load_settings(dict(os.environ))


def drive(settings: Settings, folder: Path, *, users: int, operations: int, seed: int) -> list[str]:
    """Let users loose, then look at what they left. Returns what they were refused."""
    running = [
        subprocess.Popen(
            [sys.executable, str(TRAFFIC), str(folder / "weights"), str(seed * 1000 + number), str(operations)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(users)
    ]
    refused: list[str] = []
    for one in running:
        out, error = one.communicate(timeout=1800)
        assert (one.returncode, error) == (0, "")
        refused += out.splitlines()
    assert overbooked(folder / "nvml") == ""
    with Store(settings.paths) as store:
        records = [deployment_of(record) for record in store.list(include_removed=True)]
        present = [item for item in records if not item.removed_at]
        assert len({item.name for item in present}) == len(present)
        assert len({item.port for item in present}) == len(present)
        removed = {item.id for item in records if item.removed_at}
        assert [item.id for item in records if tagged_as(item.id) and item.id in removed] == []
        for item in present:
            stopped = stop(item, settings=settings, clock=CLOCK)
            assert (stopped.status, observe(stopped, paths=settings.paths, clock=CLOCK).status) == (
                "stopped",
                "stopped",
            )
            assert is_free(stopped.port or 0)
        assert find_orphans(names_of(store), settings.paths) == ()
        known = {item.id for item in records}
        numbers = store._connection.execute("SELECT DISTINCT deployment FROM events").fetchall()
        assert {row["deployment"] for row in numbers} == known
    assert [item for item in tagged() if item.state == str(settings.paths.state)] == []
    assert [item.id for item in records if is_held(files_of(settings.paths, item.id).lock)] == []
    return refused


@pytest.mark.slow
def test_deployments_share_a_gpu_as_long_as_their_claims_fit(machine_with_a_gpu: Settings, tmp_path: Path) -> None:
    weights, share = str(tmp_path / "weights" / "polite"), ("--gpu-memory-utilization", "0.45")
    with driving(os.environ) as ask:

        def modelscan(*arguments: str) -> Ran:
            return ask(arguments, os.environ)

        for name in ("one", "two"):  # the second is planned while the first has not taken a byte yet
            assert modelscan("deploy", weights, "--name", name, *share, "--no-wait").status == 0
        assert modelscan("deploy", weights, "--name", "three", *share).status == 4
        assert modelscan("wait", "one", "two").status == 0
        taken = [int(line.split()[1]) for line in (tmp_path / "nvml" / "ledger").read_text().splitlines()]
        assert taken == [int(0.45 * USABLE_BYTES)] * 2
        assert modelscan("stop", "one").status == 0
        assert modelscan("deploy", weights, "--name", "three", *share).status == 0
        assert modelscan("start", "one").status == 8
        assert modelscan("stop", "--all").status == 0
    drive(machine_with_a_gpu, tmp_path, users=0, operations=0, seed=0)


@pytest.mark.slow
def test_a_few_users_at_once(machine_with_a_gpu: Settings, tmp_path: Path) -> None:
    drive(machine_with_a_gpu, tmp_path, users=3, operations=2, seed=1)


@pytest.mark.slow
def test_200_operations_of_four_users(machine_with_a_gpu: Settings, tmp_path: Path) -> None:
    refused = drive(machine_with_a_gpu, tmp_path, users=4, operations=50, seed=2)
    assert any(line.startswith("no_fit") for line in refused), "the memory was never short: nothing was tested"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["polite", "stubborn", "newsession"])
def test_rounds_of_killing_one_at_random(mode: str, settings: Settings, make: Make) -> None:
    chance = random.Random(mode)  # noqa: S311  repeatable, not secret
    made = make(mode)
    for _ in range(17):
        start(made, settings=settings, clock=CLOCK)
        wait(made, settings=settings, clock=CLOCK, timeout=30)
        supervisor = live_supervisor(files_of(settings.paths, made.id).lock, made.id)
        assert supervisor is not None
        victim = chance.choice([supervisor, *sorted(processes_of(made))])
        send(victim, signal.SIGKILL)
        eventually(
            lambda gone=victim: (
                gone not in processes_of(made)
                and gone != live_supervisor(files_of(settings.paths, made.id).lock, made.id)
            )
        )
        shown = observe(record(settings, made), paths=settings.paths, clock=CLOCK)
        assert shown.status in {"ready", "failed"}
        assert stop(made, settings=settings, clock=CLOCK).status == "stopped"
        assert processes_of(made) == set()
        assert is_free(made.port or 0)
