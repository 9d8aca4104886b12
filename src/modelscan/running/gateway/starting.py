"""The gateway started: in the background, or in the foreground."""

from __future__ import annotations

import sys
from pathlib import Path

from modelscan.errors import BackendFailed, Conflict, Usage
from modelscan.parsing.addresses import is_loopback
from modelscan.routing.gateway_files import gateway_files
from modelscan.running.gateway.process import TAG, running_gateway
from modelscan.running.routes import update_routes
from modelscan.selecting.context import Context
from modelscan.storage.files import private_folder
from modelscan.storage.keys import read_keys
from modelscan.system.processes.identity import SUPERVISOR_TAG
from modelscan.system.processes.ports import require_free
from modelscan.system.processes.run import become, spawn_detached

_KEEPER = (sys.executable, "-E", "-s", "-S", "-m", "modelscan.gateway")
_POLL_SECONDS = 0.02
_START_SECONDS = 30.0
_FREE_SECONDS = 3.0  # what served under a supervisor that was killed lets its port go


def start_gateway(context: Context, *, host: str | None, port: int | None) -> bool:
    """Start it, and return once it answers; False where it runs already as asked. Call it `commanding_gateway`.

    Raises Usage (an address that others can reach, and no key), Conflict (port taken, runs elsewhere), BackendFailed.
    """
    settings, files = context.settings, gateway_files(context.settings.paths)
    host, port = host or settings.gateway.host, port or settings.gateway.port
    if (running := running_gateway(context)) is not None:
        if (running.host, running.port) == (host, port):
            return False
        raise Conflict(
            f"the gateway runs already, at `{running.base_url}`",
            hints=["modelscan gateway stop", f"modelscan gateway restart --host {host} --port {port}"],
            details={"base_url": running.base_url},
        )
    _require_key(context, host)
    _require_port(context, port)
    update_routes(context)
    private_folder(files.folder)
    files.supervisor_log.unlink(missing_ok=True)
    words = ("--host", host, "--port", str(port), *_config(context))
    spawn_detached((*_KEEPER, *words), env=_environment(context), output=files.supervisor_log, cwd=_import_root())
    deadline = context.clock.monotonic() + _START_SECONDS
    while running_gateway(context) is None:
        if context.clock.monotonic() >= deadline or _has_failed(files.supervisor_log):
            raise BackendFailed(
                "the gateway did not start",
                cause=[_last_line(files.supervisor_log)],
                hints=["modelscan gateway logs --tail 20"],
                details={"log_path": str(files.supervisor_log)},
            )
        context.clock.sleep(_POLL_SECONDS)
    return True


def become_gateway(context: Context, *, host: str | None, port: int | None) -> None:
    """Be it, in the foreground: this process goes over into it. Raises as `start_gateway` does."""
    settings, files = context.settings, gateway_files(context.settings.paths)
    host, port = host or settings.gateway.host, port or settings.gateway.port
    if (running := running_gateway(context)) is not None:
        raise Conflict(f"the gateway runs already, at `{running.base_url}`", hints=["modelscan gateway stop"])
    _require_key(context, host)
    _require_port(context, port)
    update_routes(context)
    private_folder(files.folder)
    words = ("--host", host, "--port", str(port), *_config(context), "--echo")
    become((*_KEEPER, *words), env=_environment(context), cwd=_import_root())


def _require_key(context: Context, host: str) -> None:
    if not is_loopback(host) and not read_keys(context.settings.paths.keys_file):
        raise Usage(
            f"`{host}` can be reached from other machines, and there is no key",
            hints=["modelscan gateway keys add NAME", f"modelscan gateway start --host {host}"],
        )


def _require_port(context: Context, port: int) -> None:
    deadline = context.clock.monotonic() + _FREE_SECONDS
    while True:
        try:
            return require_free(port)
        except Conflict:
            if context.clock.monotonic() >= deadline:
                raise
        context.clock.sleep(0.1)


def _environment(context: Context) -> dict[str, str]:
    """The user's own, as it is: keys of endpoints are read from it. Folders that it names keep their place."""
    environ = {**context.settings.environ, SUPERVISOR_TAG: TAG}
    for name in ("MODELSCAN_HOME", "MODELSCAN_CONFIG", "MODELSCAN_ROUTING_FILE"):
        if environ.get(name):
            environ[name] = str(Path(environ[name]).expanduser().absolute())
    return environ


def _config(context: Context) -> tuple[str, ...]:
    named = context.settings.named_file
    return () if named is None else ("--config", str(named.absolute()))


def _has_failed(log: Path) -> bool:
    """A supervisor that goes well says nothing."""
    try:
        return b"Error" in log.read_bytes()
    except OSError:
        return False


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it logged nothing")


def _import_root() -> Path:
    """The folder from which `python -m modelscan…` finds this very program, installed or in a checkout."""
    return Path(__file__).resolve().parents[3]
