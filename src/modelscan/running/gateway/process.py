"""The gateway found and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator

from modelscan.dataclasses import dataclass
from modelscan.routing.gateway_files import gateway_files, read_status
from modelscan.selecting.context import Context
from modelscan.storage.locks import hold, is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.system.processes.identity import Process, send

TAG = "gateway"
_POLL_SECONDS = 0.02
_COMMAND_SECONDS = 120.0
_AFTER_DRAIN_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningGateway:
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


def running_gateway(context: Context) -> RunningGateway | None:
    """The gateway that answers; None while there is none, or it is not ready yet."""
    files = gateway_files(context.settings.paths)
    process = live_supervisor(files.lock, TAG)
    found = read_status(files)
    if process is None or found.get("supervisor") != process.pid:
        return None
    return RunningGateway(
        process=process,
        host=str(found.get("host")),
        port=int(found.get("port", 0)),
        started_at=found.get("started_at"),
    )


@contextlib.contextmanager
def commanding_gateway(context: Context) -> Iterator[None]:
    """One command at a time starts or stops it. Raises Conflict."""
    files = gateway_files(context.settings.paths)
    with hold(files.command_lock, note=f"process {os.getpid()}", timeout=_COMMAND_SECONDS, clock=context.clock):
        yield


def stop_gateway(context: Context) -> bool:
    """End it, and return when it has let its lock go; False where none ran. Answers that have begun may end first."""
    files = gateway_files(context.settings.paths)
    process = live_supervisor(files.lock, TAG)
    if process is None:
        return False
    send(process, signal.SIGTERM)
    deadline = context.clock.monotonic() + context.settings.gateway.drain_seconds + _AFTER_DRAIN_SECONDS
    while is_held(files.lock):
        if context.clock.monotonic() >= deadline:
            send(process, signal.SIGKILL)
        context.clock.sleep(_POLL_SECONDS)
    return True
