"""Who a process is: start time, tag, and signals that reach nobody else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hostile_house import CLOCK, eventually

from modelscan.system.processes.identity import (
    STATE_TAG,
    TAG,
    Process,
    boot_id,
    descendants,
    environment,
    find,
    program_name,
    send,
    tagged,
    tagged_as,
)
from modelscan.system.processes.tree import end_tree

SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    env = {TAG: "a-test", STATE_TAG: "/nowhere"}
    process = subprocess.Popen([sys.executable, "-S", "-c", SLEEP], env=env)
    eventually(lambda: tagged_as("a-test"))
    yield process
    process.kill()
    process.wait()


def test_a_tagged_process_is_found_with_its_identity(sleeper: subprocess.Popen[bytes]) -> None:
    (found,) = [item for item in tagged() if item.deployment == "a-test"]
    assert found.process == find(sleeper.pid)
    assert found.state == "/nowhere"
    assert environment(sleeper.pid)[TAG] == "a-test"
    assert program_name(sleeper.pid) is not None
    assert len(boot_id()) == 36


def test_a_reused_pid_is_not_signalled(sleeper: subprocess.Popen[bytes]) -> None:
    real = find(sleeper.pid)
    assert real is not None
    forged = Process(real.pid, real.start_time - 1)
    assert not send(forged, signal.SIGKILL)
    assert sleeper.poll() is None
    assert send(real, signal.SIGKILL)
    assert sleeper.wait(5) == -signal.SIGKILL
    assert not send(real, signal.SIGKILL)


def test_a_zombie_and_a_missing_pid_do_not_live(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert find(sleeper.pid) is None
    assert tagged_as("a-test") == set()
    assert find(2**22 - 1) is None


def test_descendants_are_found_over_generations() -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {SLEEP!r}])"
    child = subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True)
    try:
        eventually(lambda: len(descendants(child.pid)) == 1)
        assert find(child.pid) in descendants(os.getpid())
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def test_a_leader_that_is_not_in_the_tree_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    leader = find(sleeper.pid)
    ended = end_tree(set, leader, grace=0.1, linger=0.1, clock=CLOCK)
    assert (ended.killed, ended.survivors) == (0, ())
    assert sleeper.poll() is None
