"""The process that serves: `python -m modelscan.api.serve --listen FDS --parent PID …`, started by the keeper."""

from __future__ import annotations

import json
import os
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread

import uvicorn

from modelscan.api.app import build_app
from modelscan.errors import ModelscanError
from modelscan.parsing.addresses import is_loopback
from modelscan.selecting.context import Context
from modelscan.services.files import read_status, service_files
from modelscan.services.service import API
from modelscan.settings.environment import process_environment
from modelscan.settings.reading import load_settings
from modelscan.storage.files import write_atomic
from modelscan.system.clock import SystemClock, rfc3339
from modelscan.system.processes.identity import SUPERVISOR_TAG
from modelscan.system.processes.spawn import end_with_parent
from modelscan.verbs.playground.resume import NotResumed, continue_pulls, resume_models

_AGAIN_SECONDS = 10.0


def main(arguments: Sequence[str]) -> int:
    values = dict(zip(arguments[::2], arguments[1::2], strict=True))
    end_with_parent(int(values["--parent"]))
    # What it starts is its own, not the keeper's: the tag of a service stays with the service.
    environ = {name: value for name, value in process_environment().items() if name != SUPERVISOR_TAG}
    config = Path(values["--config"]) if "--config" in values else None
    settings = load_settings(environ, config_file=config)
    host, clock = values["--host"], SystemClock()
    context = Context(settings=settings, clock=clock)
    app = build_app(context, needs_key=not is_loopback(host), on_bug=_say_bug)
    files = service_files(settings.paths, API)
    before = read_status(files)
    supervisor, now = os.getppid(), rfc3339(clock.now())
    document = {
        "supervisor": supervisor,
        "pid": os.getpid(),
        "started_at": before.get("started_at", now) if before.get("supervisor") == supervisor else now,
        "host": host,
        "port": int(values["--port"]),
    }
    sockets = [socket.socket(fileno=int(descriptor)) for descriptor in values["--listen"].split(",")]
    app.router.on_startup.append(lambda: write_atomic(files.status, json.dumps(document)))
    app.router.on_startup.append(lambda: Thread(target=_resume, args=(context,), daemon=True).start())
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            lifespan="on",
            log_level="info",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(settings.api.drain_seconds),
        )
    )
    server.run(sockets=sockets)
    return 0


def _resume(context: Context) -> None:
    """Beside the loop: what was broken off may take its time, and nobody waits for it; then the pulls whose hub could
    not be reached, each at its time. What is wrong is said once, however often it is met.
    """
    said: set[str] = set()
    take_up: Callable[[Context], Sequence[NotResumed]] = resume_models
    while True:
        try:
            found = {f"{item.id} was not taken up again: {item.cause}\n" for item in take_up(context)}
        except ModelscanError as error:
            found = {f"models were not taken up again: {error.message}\n"}
        for text in sorted(found - said):
            sys.stderr.write(text)
        said, take_up = found, continue_pulls
        context.clock.sleep(_AGAIN_SECONDS)


def _say_bug(error: Exception) -> None:
    sys.stderr.write(f"a bug in modelscan: {''.join(traceback.format_exception(error))}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
