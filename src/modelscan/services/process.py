"""A service found and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from modelscan.dataclasses import dataclass
from modelscan.services.files import read_status, service_files
from modelscan.services.service import Service, place_of
from modelscan.settings.reading import Settings
from modelscan.storage.locks import hold, is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.system.processes.identity import Process, send

_POLL_SECONDS = 0.02
_COMMAND_SECONDS = 120.0
_AFTER_DRAIN_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningService:
    """`process` is its supervisor."""

    process: Process
    host: str
    port: int
    started_at: str | None

    @property
    def base_url(self) -> str:
        """Where this machine reaches it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  compared
        return f"http://[{host}]:{self.port}" if ":" in host and "[" not in host else f"http://{host}:{self.port}"


def running_service(paths: Paths, service: Service) -> RunningService | None:
    """The one that answers; None while there is none, or it is not ready yet."""
    files = service_files(paths, service)
    process = live_supervisor(files.lock, service.name)
    found = read_status(files)
    if process is None or found.get("supervisor") != process.pid:
        return None
    return RunningService(
        process=process,
        host=str(found.get("host")),
        port=int(found.get("port", 0)),
        started_at=found.get("started_at"),
    )


@contextlib.contextmanager
def commanding_service(paths: Paths, service: Service, clock: Clock) -> Iterator[None]:
    """One command at a time starts or stops it. Raises Conflict."""
    files = service_files(paths, service)
    with hold(files.command_lock, note=f"process {os.getpid()}", timeout=_COMMAND_SECONDS, clock=clock):
        yield


def stop_service(settings: Settings, service: Service, clock: Clock) -> bool:
    """End it, and return when it has let its lock go; False where none ran. Answers that have begun may end first."""
    files = service_files(settings.paths, service)
    process = live_supervisor(files.lock, service.name)
    if process is None:
        return False
    send(process, signal.SIGTERM)
    deadline = clock.monotonic() + place_of(settings, service).drain_seconds + _AFTER_DRAIN_SECONDS
    while is_held(files.lock):
        if clock.monotonic() >= deadline:
            send(process, signal.SIGKILL)
        clock.sleep(_POLL_SECONDS)
    return True
