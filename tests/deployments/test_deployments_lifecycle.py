"""The pure judgement: what may follow what, when a backend is started again, what is said of what is found."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.deployments.record import DeploymentSpec, DeploymentStatus, Owner, PinnedPlan, Record
from modelscan.deployments.transitions.allowed import TRANSITIONS, may_follow
from modelscan.deployments.transitions.observing import Found, conclude
from modelscan.deployments.transitions.restarting import MAX_RESTARTS, after_exit
from modelscan.model import LIVE_STATUSES
from modelscan.model.words import RestartPolicy, Status

STATUSES = st.sampled_from(get_args(Status))


def record(status: Status, *, pid: int | None = None) -> Record:
    return Record(
        spec=DeploymentSpec(id="1", name="demo", model="lab/demo"),
        pinned=PinnedPlan(backend="vllm"),
        status=DeploymentStatus(current=status),
        owner=Owner(pid=pid),
    )


def test_every_status_has_its_followers() -> None:
    assert set(TRANSITIONS) == set(get_args(Status))


@pytest.mark.parametrize("status", get_args(Status))
def test_anything_can_be_stopped_and_nothing_becomes_ready_but_by_a_start(status: Status) -> None:
    assert may_follow(status, "stopped")
    assert may_follow(status, "ready") == (status in {"starting", "unhealthy", "ready"})


@pytest.mark.parametrize(
    ("policy", "was_ready", "restarts", "pause"),
    [
        ("no", True, 0, None),
        ("on-failure", True, 0, 1.0),
        ("on-failure", True, 1, 2.0),
        ("on-failure", False, 0, None),
        ("always", False, 2, 4.0),
        ("always", True, MAX_RESTARTS, None),
    ],
)
def test_when_it_is_started_again(policy: RestartPolicy, was_ready: bool, restarts: int, pause: float | None) -> None:
    found = after_exit(policy, was_ready=was_ready, restarted_at=[999.0] * restarts, now=1000.0)
    assert found.pause_seconds == pause


def test_a_crash_loop_says_so_and_old_restarts_are_forgotten() -> None:
    loop = after_exit("always", was_ready=True, restarted_at=[500.0] * MAX_RESTARTS, now=1000.0)
    assert loop.reason == "it was restarted 5 times in 10 minutes"
    later = after_exit("always", was_ready=True, restarted_at=[500.0] * MAX_RESTARTS, now=1200.0)
    assert later.pause_seconds == 1.0


ALONE = {"supervised": False, "commanded": False}


@pytest.mark.parametrize(
    ("status", "found", "shown", "message", "last_error"),
    [
        (
            "pulling",
            Found(**ALONE),
            "failed",
            "interrupted",
            "the command that prepared it ended before the backend was started",
        ),
        ("pulling", Found(supervised=False, commanded=True), "pulling", None, None),
        ("starting", Found(supervised=False, commanded=True), "starting", None, None),
        ("starting", Found(supervised=True, commanded=False), "starting", None, None),
        (
            "ready",
            Found(**ALONE, same_boot=True),
            "failed",
            "its supervisor was killed",
            "its supervisor was killed, and the backend ended with it",
        ),
        (
            "ready",
            Found(**ALONE, same_boot=True, left_over=1),
            "failed",
            "its supervisor was killed",
            "its supervisor was killed; 1 process is left, and `modelscan stop demo` ends them",
        ),
        ("ready", Found(**ALONE, same_boot=False), "stopped", "the machine was restarted", None),
        (
            "ready",
            Found(supervised=True, commanded=False, probe_age_seconds=75),
            "unhealthy",
            "the last probe is 75 s old",
            None,
        ),
        ("stopped", Found(**ALONE, same_boot=False), "stopped", None, None),
    ],
)
def test_what_is_shown(
    status: Status, found: Found, shown: Status, message: str | None, last_error: str | None
) -> None:
    now = conclude(record(status), found).status
    assert (now.current, now.message, now.error.cause if now.error else None) == (shown, message, last_error)


@given(
    status=STATUSES,
    supervised=st.booleans(),
    commanded=st.booleans(),
    same_boot=st.none() | st.booleans(),
    left_over=st.integers(0, 9),
)
def test_nothing_is_called_alive_without_an_owner(
    status: Status, supervised: bool, commanded: bool, same_boot: bool | None, left_over: int
) -> None:
    found = Found(supervised=supervised, commanded=commanded, same_boot=same_boot, left_over=left_over)
    shown = conclude(record(status, pid=7), found)
    if not supervised and not commanded:
        assert shown.status.current not in LIVE_STATUSES
        assert shown.owner.pid is None or status in {"stopped", "failed"}
    assert conclude(shown, found) == shown
