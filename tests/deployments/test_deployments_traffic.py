"""Several users at once, killing as they go: nothing orphaned, nothing booked twice, no record lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_house import CLOCK, Make, eventually, processes_of, record

from modelscan.deployments.control import start, stop, wait
from modelscan.deployments.observe import observe
from modelscan.deployments.orphans import find_orphans
from modelscan.deployments.owner import live_supervisor
from modelscan.deployments.places import places
from modelscan.deployments.ports import is_free
from modelscan.deployments.processes import send, tagged_as
from modelscan.deployments.store import Store
from modelscan.settings import Settings
from modelscan.storage.locks import is_held

TRAFFIC = Path(__file__).with_name("traffic.py")


def drive(settings: Settings, *, users: int, operations: int, seed: int) -> None:
    home = settings.paths.config.parent
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    running = [
        subprocess.Popen(
            [sys.executable, str(TRAFFIC), str(home), str(seed * 1000 + number), str(operations)],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(users)
    ]
    created: set[str] = set()
    for one in running:
        out, error = one.communicate(timeout=600)
        assert (one.returncode, error) == (0, "")
        created |= {line for line in out.splitlines() if not line.startswith("#")}
    with Store(settings.paths) as store:
        records = store.list(include_removed=True)
        assert {item.id for item in records} == created
        present = [item for item in records if not item.removed_at]
        assert len({item.name for item in present}) == len(present)
        assert len({item.port for item in present}) == len(present)
        for item in present:
            stop(item, settings=settings, clock=CLOCK)
        assert find_orphans(store, settings) == ()
    assert [item.id for item in records if tagged_as(item.id)] == []
    assert [item.id for item in records if is_held(places(settings.paths, item.id).lock)] == []


def test_a_few_users_at_once(settings: Settings) -> None:
    drive(settings, users=3, operations=5, seed=1)


@pytest.mark.slow
def test_many_operations_of_four_users(settings: Settings) -> None:
    drive(settings, users=4, operations=50, seed=2)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["polite", "stubborn", "newsession"])
def test_rounds_of_killing_one_at_random(mode: str, settings: Settings, make: Make) -> None:
    chance = random.Random(mode)  # noqa: S311  repeatable, not secret
    made = make(mode)
    for _ in range(17):
        start(made, settings=settings, clock=CLOCK)
        wait(made, settings=settings, clock=CLOCK, timeout=30)
        supervisor = live_supervisor(places(settings.paths, made.id).lock, made.id)
        assert supervisor is not None
        victim = chance.choice([supervisor, *sorted(processes_of(made))])
        send(victim, signal.SIGKILL)
        eventually(
            lambda gone=victim: (
                gone not in processes_of(made)
                and gone != live_supervisor(places(settings.paths, made.id).lock, made.id)
            )
        )
        shown = observe(record(settings, made), settings=settings, clock=CLOCK)
        assert shown.status in {"ready", "failed"}
        assert stop(made, settings=settings, clock=CLOCK).status == "stopped"
        assert processes_of(made) == set()
        assert is_free(made.port or 0)
