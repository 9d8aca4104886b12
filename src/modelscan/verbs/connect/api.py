"""The HTTP API and its page: start it, stop it, look at it, open the page."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from modelscan.dataclasses import dataclass
from modelscan.errors import BackendNotInstalled
from modelscan.selecting.context import Context
from modelscan.services.process import commanding_service, running_service, stop_service
from modelscan.services.service import API
from modelscan.services.starting import become_service, start_service
from modelscan.storage.keys import read_keys
from modelscan.storage.passes import page_tokens

_PACKAGES = ("fastapi", "uvicorn", "jinja2")


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiStatus:
    """`keys` are the names of those that it takes, which are the gateway's."""

    status: Literal["running", "stopped"]
    pid: int | None = None
    base_url: str | None = None
    page_url: str | None = None
    keys: tuple[str, ...] = ()
    started_at: str | None = None
    changed: bool | None = None


def api_start(context: Context, *, host: str | None, port: int | None) -> ApiStatus:
    """Start it and return once it answers. Raises BackendNotInstalled, Usage, Conflict, BackendFailed."""
    require_packages()
    with commanding_service(context.settings.paths, API, context.clock):
        changed = start_service(context.settings, API, context.clock, host=host, port=port)
    return _status(context, changed=changed)


def api_stop(context: Context) -> ApiStatus:
    """Stop it; its jobs and deployments go on."""
    with commanding_service(context.settings.paths, API, context.clock):
        changed = stop_service(context.settings, API, context.clock)
    return _status(context, changed=changed)


def api_restart(context: Context, *, host: str | None, port: int | None) -> ApiStatus:
    """Stop it, and start it where it was, unless told otherwise."""
    require_packages()
    with commanding_service(context.settings.paths, API, context.clock):
        before = running_service(context.settings.paths, API)
        stop_service(context.settings, API, context.clock)
        if before is not None:
            host, port = host or before.host, port or before.port
        start_service(context.settings, API, context.clock, host=host, port=port)
    return _status(context, changed=True)


def api_run(context: Context, *, host: str | None, port: int | None) -> None:
    """Be the HTTP API. Does not return."""
    require_packages()
    become_service(context.settings, API, context.clock, host=host, port=port)


def api_status(context: Context) -> ApiStatus:
    """Whether it runs, and where."""
    return _status(context)


def page_address(context: Context, *, port: int | None = None) -> tuple[str, bool]:
    """Where the page is, with a token that opens it once within five minutes, and whether the API was started for it.

    The token stands behind `#`, which no browser sends and no log has. Raises as `api_start` does.
    """
    require_packages()
    started = False
    with commanding_service(context.settings.paths, API, context.clock):
        if running_service(context.settings.paths, API) is None:
            started = start_service(context.settings, API, context.clock, host=None, port=port)
    found = _status(context)
    return f"{found.page_url}#token={page_tokens(context.settings.paths, context.clock).issue()}", started


def require_packages() -> None:
    """Raise BackendNotInstalled where the extra is not installed."""
    missing = [name for name in _PACKAGES if find_spec(name) is None]
    if missing:
        raise BackendNotInstalled(
            "the HTTP API and its page need the extra `api`",
            cause=[f"not installed: {', '.join(missing)}"],
            hints=["uv tool install 'modelscan-cli[api]'", "pip install 'modelscan-cli[api]'"],
            details={"extra": "api"},
        )


def _status(context: Context, *, changed: bool | None = None) -> ApiStatus:
    running = running_service(context.settings.paths, API)
    keys = tuple(key.name for key in read_keys(context.settings.paths.keys_file))
    if running is None:
        return ApiStatus(status="stopped", keys=keys, changed=changed)
    return ApiStatus(
        status="running",
        pid=running.process.pid,
        base_url=running.base_url,
        page_url=f"{running.base_url}/ui/",
        keys=keys,
        started_at=running.started_at,
        changed=changed,
    )
