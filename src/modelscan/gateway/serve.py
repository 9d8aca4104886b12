"""The process that serves: `python -m modelscan.gateway.serve --listen FDS --parent PID …`, started by the keeper."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from modelscan.gateway.commands import Commands
from modelscan.gateway.gateway import Gateway
from modelscan.gateway.journal import Journal
from modelscan.gateway.log_pipe import LogPipe
from modelscan.parsing.addresses import is_loopback
from modelscan.routing.gateway_files import GatewayFiles, gateway_files
from modelscan.services.files import read_status
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import Settings, load_settings
from modelscan.storage.files import write_atomic
from modelscan.system.clock import SystemClock, rfc3339
from modelscan.system.processes.identity import SUPERVISOR_TAG
from modelscan.system.processes.run import run
from modelscan.system.processes.spawn import end_with_parent

try:
    from uvloop import run as _run  # a sixth less of a core per request than asyncio's own loop
except ImportError:
    from asyncio import run as _run  # type: ignore[assignment]  # there are no wheels of it for every Python

_TICK_SECONDS = 0.25
_STATUS_SECONDS = 1.0
_KEYRING_SECONDS = 5.0  # one that has to be unlocked first may answer late


def main(arguments: Sequence[str]) -> int:
    values = dict(zip(arguments[::2], arguments[1::2], strict=True))
    end_with_parent(int(values["--parent"]))
    environ = process_environment()
    config = Path(values["--config"]) if "--config" in values else None
    settings = load_settings(environ, config_file=config)
    listeners = [socket.socket(fileno=int(descriptor)) for descriptor in values["--listen"].split(",")]
    server = Server(settings, environ, host=values["--host"], port=int(values["--port"]), config=config)
    _run(server.run(listeners))
    return 0


class Server:
    """One life of the serving process."""

    def __init__(
        self, settings: Settings, environ: Mapping[str, str], *, host: str, port: int, config: Path | None
    ) -> None:
        self._settings = settings
        self._host, self._port = host, port
        self._clock = SystemClock()
        self._files = gateway_files(settings.paths)
        self._stop = asyncio.Event()
        os.set_blocking(1, False)
        self._journal = Journal(LogPipe(partial(os.write, 1)), enabled=settings.gateway.access_log)
        own = {name: value for name, value in environ.items() if name != SUPERVISOR_TAG}
        commands = Commands(
            run,
            paths=settings.paths,
            environ=own,
            clock=self._clock,
            options=("--config", str(config)) if config is not None else (),
            start_seconds=settings.gateway.wait_seconds,
        )
        self._gateway = Gateway(
            settings.gateway,
            self._files,
            environ=own,
            clock=self._clock,
            commands=commands,
            journal=self._journal,
            needs_key=not is_loopback(host),
        )
        self._status = _StatusFile(self._files, started_at=rfc3339(self._clock.now()), host=host, port=port)

    async def run(self, listeners: Sequence[socket.socket]) -> None:
        """Until SIGTERM; then what has begun may end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._gateway.reload)
        self._gateway.reload_if_changed()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._gateway.look_for_keys(), _KEYRING_SECONDS)
        servers = [
            await loop.create_server(self._gateway.client, sock=listener, backlog=2_048) for listener in listeners
        ]
        self._status.write(self._gateway)
        ticking = loop.create_task(self._tick())
        await self._stop.wait()
        ticking.cancel()
        for server in servers:
            server.close()
        await self._gateway.drain(self._settings.gateway.drain_seconds)

    async def _tick(self) -> None:
        written_at = self._clock.monotonic()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            try:
                self._gateway.tick()
                if self._clock.monotonic() - written_at >= _STATUS_SECONDS:
                    written_at = self._clock.monotonic()
                    self._status.write(self._gateway)
            except Exception as error:  # noqa: BLE001  an outer boundary: answers go on, and the bug is told
                self._journal.say(f"a bug in modelscan: {''.join(traceback.format_exception(error))}")


class _StatusFile:
    """What the process says of itself, in a file; what was counted before it is counted on."""

    def __init__(self, files: GatewayFiles, *, started_at: str, host: str, port: int) -> None:
        self._files = files
        before = read_status(files)
        same = before.get("supervisor") == os.getppid()  # started again, or reloaded
        self._before = before.get("requests", {}) if same else {}
        self._tokens_before = (
            {(item["key"] or "", item["model"], item["type"]): item["tokens"] for item in before.get("tokens", [])}
            if same
            else {}
        )
        self._started_at = before.get("started_at", started_at) if same else started_at
        self._place = {"host": host, "port": port}
        self._last: dict[str, Any] = {}

    def write(self, gateway: Gateway) -> None:
        metrics = gateway.metrics
        counted = Counter(self._tokens_before) + metrics.tokens_by_key
        tokens = [
            {"key": key or None, "model": model, "type": kind, "tokens": number}
            for (key, model, kind), number in sorted(counted.items())
        ]
        document = {
            "supervisor": os.getppid(),
            "pid": os.getpid(),
            "started_at": self._started_at,
            **self._place,
            "requests": {
                "total": metrics.ended + gateway.in_flight + self._before.get("total", 0),
                "in_flight": gateway.in_flight,
                "failed": metrics.failed + self._before.get("failed", 0),
            },
            "tokens": tokens,
            "upstreams": {
                item.name: {"status": item.status, "cause": item.last_error}
                for item in gateway.directory.table.members
                if item.kind == "upstream"
            },
        }
        if document != self._last:
            self._last = document
            with contextlib.suppress(Exception):  # a full disk costs the figures, not the answers
                write_atomic(self._files.status, json.dumps(document))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
