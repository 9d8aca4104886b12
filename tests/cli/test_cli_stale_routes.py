"""Routes lead to what is ready, whatever was killed on the way: commands, supervisors, and both."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Modelscan

from modelscan.deployments.files import files_of
from modelscan.routing.file import read_routes
from modelscan.settings.reading import Settings
from modelscan.storage.locks import is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.storage.paths import paths_below
from modelscan.system.clock import SystemClock
from modelscan.system.processes.identity import send
from modelscan.targets.deployments import Deployments
from modelscan.targets.site import site_of

pytestmark = pytest.mark.usefixtures("vllm")
_SETTLED_SECONDS = 15.0


def ready(home: Path) -> set[str]:
    site = site_of(Settings(paths=paths_below(home)), SystemClock())
    return {item.name for item in Deployments(site).list() if item.status == "ready"}


def routed(home: Path) -> set[str]:
    return {route.name for route in read_routes(home / "config" / "routing.yaml")}


def in_step(home: Path) -> bool:
    """Within the time that a supervisor may take; no command looks."""
    deadline = time.monotonic() + _SETTLED_SECONDS
    while routed(home) != ready(home):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def killed(command: str, name: str, after: float, number: signal.Signals) -> None:
    argv = [sys.executable, "-m", "modelscan", command, name]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(after)
        process.send_signal(number)


def kill_supervisor(home: Path, identity: str) -> None:
    lock = files_of(paths_below(home), identity).lock
    supervisor = live_supervisor(lock, identity)
    assert supervisor is not None
    assert send(supervisor, signal.SIGKILL)
    while is_held(lock):  # the kernel lets it go a moment after the process
        time.sleep(0.01)


def moments(count: int) -> Iterator[float]:
    chance = random.Random(count)  # noqa: S311  repeatable, not secret
    return (chance.uniform(0.1, 1.2) for _ in range(count))


@pytest.mark.parametrize(
    ("command", "trials"),
    [
        ("stop", 2),
        *(pytest.param(command, 12, marks=pytest.mark.slow) for command in ("stop", "remove", "restart")),
    ],
)
@pytest.mark.slow
def test_a_killed_command_leaves_no_route_to_nothing(
    command: str, trials: int, modelscan: Modelscan, home: Path, folder: Path
) -> None:
    for trial, after in enumerate(moments(trials)):
        assert modelscan("deploy", str(folder)).status == 0
        assert routed(home) == {"tiny"}
        killed(command, "tiny", after, signal.SIGINT if trial % 3 == 2 else signal.SIGKILL)
        assert in_step(home), (trial, after)
        assert modelscan("remove", "tiny").status == 0
        assert routed(home) == set()


@pytest.mark.slow
def test_a_command_killed_before_its_last_step_is_made_up_for_by_the_next(
    modelscan: Modelscan, home: Path, folder: Path
) -> None:
    """As if it had been killed between the record and the routes."""
    file = home / "config" / "routing.yaml"
    for command in ("stop", "remove", "list", "status", "wait", "start"):
        assert modelscan("deploy", str(folder)).status == 0
        before = file.read_text()
        modelscan("remove" if command == "remove" else "stop", "tiny")
        file.write_text(before)
        if command == "start":
            (folder / "mood").write_text("dies-early")
        name = [] if command == "list" else ["tiny"]
        modelscan(command, *name)
        assert routed(home) == set(), command


@pytest.mark.parametrize("trials", [1, pytest.param(10, marks=pytest.mark.slow)])
@pytest.mark.parametrize("command", ["list", "ps", "routes show", "status", "stop", "remove", "start"])
@pytest.mark.slow
def test_a_killed_supervisor_leaves_its_route_until_anybody_looks(
    command: str, trials: int, modelscan: Modelscan, home: Path, folder: Path
) -> None:
    for _ in range(trials):
        deployed = modelscan("deploy", str(folder), "--json").json
        kill_supervisor(home, deployed["id"])
        assert routed(home) == {"tiny"}
        modelscan(*command.split(), *([] if command in {"list", "ps", "routes show"} else ["tiny"]))
        assert routed(home) == ready(home) == ({"tiny"} if command == "start" else set())
        assert modelscan("remove", "tiny").status == 0


@pytest.mark.slow
def test_doctor_compares_routes_with_what_is_ready(modelscan: Modelscan, home: Path) -> None:
    file = home / "config" / "routing.yaml"
    deployed = modelscan("deploy", "demo", "--json").json
    with_route = file.read_text()
    kill_supervisor(home, deployed["id"])
    ran = modelscan("doctor", "--json")
    assert ran.status == 1
    wrong = [check for check in ran.json if check["name"] == "routing" and check["status"] == "problem"]
    assert [check["message"] for check in wrong] == ["`demo` has a route but is not ready"]
    assert wrong[0]["hints"] == ["modelscan doctor --reap"]
    modelscan("doctor", "--reap")
    assert routed(home) == set()

    modelscan("start", "demo")
    file.write_text("")
    [wrong] = [check for check in modelscan("doctor", "--json").json if check["status"] == "problem"]
    assert wrong["message"] == "`demo` is ready but has no route"
    file.write_text(with_route.replace(f":{deployed['port']}", ":1"))
    [wrong] = [check for check in modelscan("doctor", "--json").json if check["status"] == "problem"]
    assert wrong["message"] == f"the route of `demo` does not lead to {deployed['base_url']}"
    assert modelscan("doctor", "--reap").status == 0
    assert file.read_text() == with_route
