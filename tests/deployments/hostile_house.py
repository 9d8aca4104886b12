"""What the tests of deployments share: the hostile program, a clock, and questions to the machine."""

from __future__ import annotations

import dataclasses
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from modelscan.deployments.document import deployment_of, record_of
from modelscan.deployments.places import places
from modelscan.deployments.store import Store
from modelscan.model import Deployment
from modelscan.settings.reading import Settings
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock, SystemClock
from modelscan.system.processes.identity import Process, tagged_as
from modelscan.targets.local import control
from modelscan.targets.local import observe as observing

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
        return deployment_of(store.by_id(deployment.id))


def alter(store: Store, deployment_id: str, **changes: Any) -> Deployment:
    """Write a record as no command would."""
    document = dataclasses.replace(deployment_of(store.by_id(deployment_id)), **changes)
    return deployment_of(store.write(record_of(document)))


def start(
    deployment: Deployment, *, settings: Settings, clock: Clock, supervisor: Sequence[str] = control.SUPERVISOR
) -> Deployment:
    return deployment_of(control.start(deployment.id, settings=settings, clock=clock, supervisor=supervisor))


def stop(
    deployment: Deployment, *, settings: Settings, clock: Clock, memory_is_back: Callable[[], bool] | None = None
) -> Deployment:
    return deployment_of(control.stop(deployment.id, settings=settings, clock=clock, memory_is_back=memory_is_back))


def remove(deployment: Deployment, *, settings: Settings, clock: Clock) -> Deployment:
    return deployment_of(control.remove(deployment.id, settings=settings, clock=clock))


def observe(deployment: Deployment, *, paths: Paths, clock: Clock) -> Deployment:
    """As the machine shows it."""
    return deployment_of(observing.observe(record_of(deployment), paths=paths, clock=clock))


def log_of(settings: Settings, deployment: Deployment) -> str:
    return (places(settings.paths, deployment.id).folder / "backend.log").read_text()
