"""What the tests of deployments share: the hostile program, a clock, and questions to the machine."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from modelscan import dataclasses
from modelscan.deployments.commanding import command, current
from modelscan.deployments.document import deployment_of, record_of
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.model import Deployment, Hardware
from modelscan.settings.reading import Settings
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock, SystemClock
from modelscan.system.processes.identity import Process, tagged_as
from modelscan.targets.deployments import Deployments
from modelscan.targets.local import start as local_start
from modelscan.targets.local.start import SUPERVISOR
from modelscan.targets.site import site_of

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


def names_of(store: Store) -> dict[str, str]:
    return {item.id: item.name for item in store.list(include_removed=True)}


def alter(store: Store, deployment_id: str, **changes: Any) -> Deployment:
    """Write a record as no command would."""
    document = dataclasses.replace(deployment_of(store.by_id(deployment_id)), **changes)
    return deployment_of(store.write(record_of(document)))


def deployments(settings: Settings, clock: Clock = CLOCK) -> Deployments:
    return Deployments(site_of(settings, clock))


def start(
    deployment: Deployment,
    *,
    settings: Settings,
    clock: Clock,
    supervisor: Sequence[str] = SUPERVISOR,
    published: bool = False,
) -> Deployment:
    """As `Deployments.start`, under a supervisor of the test's own. Unless `published`, that starts no program to write
    the routes when it ends.
    """
    with command(deployment.id, settings.paths, clock=clock), Store(settings.paths, clock) as store:
        record, site = current(store, deployment.id), site_of(settings, clock)
        site = site if published else dataclasses.replace(site, published=None)
        return deployment_of(local_start.start(record, store, site, weights_environment={}, supervisor=supervisor))


def stop(
    deployment: Deployment, *, settings: Settings, clock: Clock, hardware: Callable[[], Hardware] | None = None
) -> Deployment:
    return deployments(settings, clock).stop(deployment.id, hardware=hardware)


def remove(deployment: Deployment, *, settings: Settings, clock: Clock) -> Deployment:
    return deployments(settings, clock).remove(deployment.id)


def wait(
    deployment: Deployment,
    *,
    settings: Settings,
    clock: Clock,
    until: Literal["ready", "stopped"] = "ready",
    timeout: float | None = None,
    on_change: Callable[[Deployment], None] | None = None,
) -> Deployment:
    return deployments(settings, clock).wait(deployment.id, until=until, timeout=timeout, on_change=on_change)


def observe(deployment: Deployment, *, paths: Paths, clock: Clock) -> Deployment:
    """As the machine shows it."""
    return deployment_of(Deployments(site_of(Settings(paths=paths), clock)).observe(record_of(deployment)))


def log_of(settings: Settings, deployment: Deployment) -> str:
    return (files_of(settings.paths, deployment.id).folder / "backend.log").read_text()
