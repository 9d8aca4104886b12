"""A service started: in the background, or in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path

from modelscan.errors import BackendFailed, Conflict, Usage
from modelscan.parsing.addresses import is_loopback
from modelscan.services.files import log_name, service_files
from modelscan.services.process import running_service, stop_service
from modelscan.services.service import Service, place_of
from modelscan.settings.reading import Settings
from modelscan.storage.files import private_folder
from modelscan.storage.keys import read_keys
from modelscan.storage.locks import is_held
from modelscan.system.clock import Clock
from modelscan.system.processes.identity import SUPERVISOR_TAG
from modelscan.system.processes.ports import require_free
from modelscan.system.processes.run import become, spawn_detached

_KEEPER = (sys.executable, "-E", "-s", "-S", "-m", "modelscan.services")
_POLL_SECONDS = 0.02
_START_SECONDS = 30.0
_TOLD_LINES = 3
_FREE_SECONDS = 3.0  # what served under a supervisor that was killed lets its port go


def start_service(settings: Settings, service: Service, clock: Clock, *, host: str | None, port: int | None) -> bool:
    """Start it, and return once it answers; False where it runs already as asked. Call it `commanding_service`.

    Raises Usage (an address that others can reach, and no key), Conflict (port taken, runs elsewhere), BackendFailed.
    """
    files, place = service_files(settings.paths, service), place_of(settings, service)
    host, port = host or place.host, port or place.port
    if (running := running_service(settings.paths, service)) is not None:
        if (running.host, running.port) == (host, port):
            return False
        raise Conflict(
            f"{service.title} runs already, at `{running.base_url}`",
            hints=[f"modelscan {service.name} stop", f"modelscan {service.name} restart --host {host} --port {port}"],
            details={"base_url": running.base_url},
        )
    words = _prepared(settings, service, clock, host=host, port=port)
    files.supervisor_log.unlink(missing_ok=True)
    spawn_detached(words, env=_environment(settings, service), output=files.supervisor_log, cwd=_import_root())
    began, was_held = clock.monotonic(), False
    while running_service(settings.paths, service) is None:
        held = is_held(files.lock)
        late, gone = clock.monotonic() >= began + _START_SECONDS, was_held and not held
        was_held = held
        if late or gone or _has_failed(files.supervisor_log):
            stop_service(settings, service, clock)
            raise BackendFailed(
                f"{service.title} did not start",
                cause=_last_lines(files.supervisor_log) or _last_lines(files.folder / log_name(service)),
                hints=[f"modelscan logs {service.name} --tail 20"],
                details={"log_path": str(files.supervisor_log)},
            )
        clock.sleep(_POLL_SECONDS)
    return True


def become_service(settings: Settings, service: Service, clock: Clock, *, host: str | None, port: int | None) -> None:
    """Be it, in the foreground: this process goes over into it. Raises as `start_service` does."""
    place = place_of(settings, service)
    if (running := running_service(settings.paths, service)) is not None:
        raise Conflict(
            f"{service.title} runs already, at `{running.base_url}`", hints=[f"modelscan {service.name} stop"]
        )
    words = _prepared(settings, service, clock, host=host or place.host, port=port or place.port)
    become((*words, "--echo"), env=_environment(settings, service), cwd=_import_root())


def _prepared(settings: Settings, service: Service, clock: Clock, *, host: str, port: int) -> tuple[str, ...]:
    """The command line of its keeper, once the address may be used and the folder is there."""
    if not is_loopback(host) and not read_keys(settings.paths.keys_file):
        raise Usage(
            f"`{host}` can be reached from other machines, and there is no key",
            hints=["modelscan gateway keys add NAME", f"modelscan {service.name} start --host {host}"],
        )
    _require_port(clock, port)
    private_folder(service_files(settings.paths, service).folder)
    named = settings.named_file
    config = () if named is None else ("--config", str(named.absolute()))
    return (*_KEEPER, service.name, "--host", host, "--port", str(port), *config)


def _require_port(clock: Clock, port: int) -> None:
    deadline = clock.monotonic() + _FREE_SECONDS
    while True:
        try:
            return require_free(port)
        except Conflict:
            if clock.monotonic() >= deadline:
                raise
        clock.sleep(0.1)


def _environment(settings: Settings, service: Service) -> dict[str, str]:
    """The user's own, as it is: keys of endpoints are read from it. Folders that it names keep their place."""
    environ = {**settings.environ, SUPERVISOR_TAG: service.name}
    for name in ("MODELSCAN_HOME", "MODELSCAN_CONFIG", "MODELSCAN_ROUTING_FILE"):
        if environ.get(name):
            environ[name] = str(Path(environ[name]).expanduser().absolute())
    return environ


def _has_failed(log: Path) -> bool:
    """A supervisor that goes well says nothing."""
    try:
        return b"Error" in log.read_bytes()
    except OSError:
        return False


def _last_lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        return []
    return [line.strip() for line in lines if line.strip()][-_TOLD_LINES:]


def _import_root() -> Path:
    """The folder from which `python -m modelscan…` finds this very program, installed or in a checkout."""
    return Path(__file__).resolve().parents[2]
