"""What sleeps: what is shown of it, and what it keeps of the memory."""

from __future__ import annotations

import pytest
from hostile_house import Make, record_of

from modelscan import dataclasses
from modelscan.deployments.record import Record
from modelscan.deployments.transitions.ending import fell_asleep
from modelscan.deployments.transitions.observing import Found, conclude
from modelscan.deployments.transitions.preparing import claimed_again, preparation_stopped
from modelscan.model import Cpu, Deployment, DeploymentMemory, Hardware
from modelscan.targets.local.claims import claims_of
from modelscan.units import GIB

AT = "2026-11-30T08:00:00Z"
LIVES = Found(supervised=True, commanded=False)
COMMANDED = Found(supervised=True, commanded=True)


@pytest.fixture
def awake(make: Make) -> Deployment:
    plan = {"memory_per_gpu": {"weights_bytes": 10 * GIB}, "explicit": []}
    memory = DeploymentMemory(estimated_bytes=80 * GIB)
    return make("polite", status="ready", sleep=True, gpu_indices=(0, 1), memory=memory, plan=plan)


@pytest.fixture
def asleep(awake: Deployment) -> Record:
    return fell_asleep(record_of(awake), AT, "it was idle for 30 min")


def shown(record: Record) -> tuple[str, str | None, str | None]:
    return record.status.current, record.status.phase, record.status.message


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (LIVES, ("stopped", "asleep", "it was idle for 30 min")),
        (Found(supervised=False, commanded=False, same_boot=False), ("stopped", None, "the machine was restarted")),
        (
            Found(supervised=False, commanded=False, same_boot=True),
            ("stopped", None, "its supervisor was killed while it was asleep"),
        ),
    ],
)
def test_it_sleeps_as_long_as_its_supervisor_lives(
    asleep: Record, found: Found, said: tuple[str, str | None, str | None]
) -> None:
    assert shown(conclude(asleep, found)) == said


def test_a_command_that_was_killed_before_it_woke_it_leaves_it_asleep(asleep: Record) -> None:
    claimed = claimed_again(asleep)
    assert shown(conclude(claimed, COMMANDED))[:2] == ("pending", "asleep")
    assert shown(conclude(claimed, LIVES))[:2] == ("stopped", "asleep")
    assert preparation_stopped(claimed, "interrupted").is_asleep


def test_its_weights_are_claimed_of_the_host_s_memory_from_the_start(awake: Deployment, asleep: Record) -> None:
    machine = Hardware(devices=(), cpu=Cpu())
    made = dataclasses.replace(record_of(awake), owner=asleep.owner)
    before, after = claims_of([made], machine), claims_of([asleep], machine)
    assert [(item.gpu_index, item.claimed_bytes) for item in before] == [(0, 40 * GIB), (1, 40 * GIB), (None, 20 * GIB)]
    assert before[-1].outstanding_bytes == 20 * GIB  # it may fall asleep at any time
    assert [(item.gpu_index, item.claimed_bytes, item.outstanding_bytes) for item in after] == [(None, 20 * GIB, 0)]
