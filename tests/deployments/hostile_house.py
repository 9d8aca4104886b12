"""What the tests of deployments share: the hostile program, a clock, and questions to the machine."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

from modelscan.deployments.places import places
from modelscan.deployments.store import Store
from modelscan.model import Deployment
from modelscan.settings.reading import Settings
from modelscan.system.clock import SystemClock
from modelscan.system.processes.identity import Process, tagged_as

HOSTILE = Path(__file__).with_name("hostile.py")
CLOCK = SystemClock()
Make = Callable[..., Deployment]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


def processes_of(deployment: Deployment) -> set[Process]:
    return tagged_as(deployment.id)


def record(settings: Settings, deployment: Deployment) -> Deployment:
    with Store(settings.paths) as store:
        return store.by_id(deployment.id)


def log_of(settings: Settings, deployment: Deployment) -> str:
    return (places(settings.paths, deployment.id).folder / "backend.log").read_text()
