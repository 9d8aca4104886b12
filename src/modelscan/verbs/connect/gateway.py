"""The one address in front of deployments: start it, stop it, look at it."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from modelscan.dataclasses import dataclass, field, replace
from modelscan.errors import BackendFailed
from modelscan.model import Pricing
from modelscan.routing.compiled import GatewayTable, TableMember
from modelscan.routing.gateway_files import gateway_files, read_table
from modelscan.running.gateway.process import (
    become_gateway,
    commanding_gateway,
    running_gateway,
    start_gateway,
    stop_gateway,
)
from modelscan.running.routes import update_routes
from modelscan.selecting.context import Context
from modelscan.selecting.moments import moment_of
from modelscan.services.files import read_status
from modelscan.services.logs import service_log
from modelscan.services.process import RunningService
from modelscan.services.service import GATEWAY
from modelscan.storage.keys import read_keys
from modelscan.storage.locks import is_held
from modelscan.storage.logs.reading import LogLine
from modelscan.system.processes.identity import send

_RELOAD_SECONDS = 60.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, kw_only=True, slots=True)
class ServedModel:
    """A name that clients may use. `status` is the best of what is behind it."""

    id: str
    deployments: tuple[str, ...] = ()
    upstreams: tuple[str, ...] = ()
    status: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestCounts:
    """Since the gateway was started; `failed` are those that a client got an error for."""

    total: int = 0
    in_flight: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedTokens:
    """`type` is `input` or `output`; `key` is the name of the client's key."""

    key: str | None
    model: str
    type: str
    tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class UpstreamStatus:
    """One that somebody else runs, as the gateway last found it; `cause` is why it does not serve."""

    name: str
    base_url: str | None
    model: str
    api_key_env: str | None
    status: str
    cause: str | None = None
    pricing: Pricing | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class GatewayStatus:
    """`keys` are their names."""

    status: Literal["running", "stopped"]
    pid: int | None = None
    base_url: str | None = None
    openai_base_url: str | None = None
    keys: tuple[str, ...] = ()
    models: tuple[ServedModel, ...] = ()
    upstreams: tuple[UpstreamStatus, ...] = ()
    requests: RequestCounts = field(default_factory=RequestCounts)
    tokens: tuple[UsedTokens, ...] = ()
    started_at: str | None = None
    changed: bool | None = None


def gateway_start(context: Context, *, host: str | None, port: int | None) -> GatewayStatus:
    """Start it and return once it answers. Raises Usage, Conflict, BackendFailed."""
    with commanding_gateway(context):
        changed = start_gateway(context, host=host, port=port)
    return _status(context, changed=changed)


def gateway_stop(context: Context) -> GatewayStatus:
    """Stop it; what it has begun to answer may end first."""
    with commanding_gateway(context):
        changed = stop_gateway(context)
    return _status(context, changed=changed)


def gateway_restart(context: Context, *, host: str | None, port: int | None) -> GatewayStatus:
    """Stop it, and start it where it was, unless told otherwise."""
    with commanding_gateway(context):
        before = running_gateway(context)
        stop_gateway(context)
        if before is not None:
            host, port = host or before.host, port or before.port
        start_gateway(context, host=host, port=port)
    return _status(context, changed=True)


def gateway_run(context: Context, *, host: str | None, port: int | None) -> None:
    """Be the gateway. Does not return."""
    become_gateway(context, host=host, port=port)


def gateway_reload(context: Context) -> GatewayStatus:
    """Have it read everything anew, settings included, without dropping a stream. Raises BackendFailed."""
    with commanding_gateway(context):
        running = _require_running(context)
        before = read_status(gateway_files(context.settings.paths)).get("pid")
        update_routes(context)
        send(running.process, signal.SIGHUP)
        deadline = context.clock.monotonic() + _RELOAD_SECONDS
        while read_status(gateway_files(context.settings.paths)).get("pid") == before:
            if context.clock.monotonic() >= deadline or not is_held(gateway_files(context.settings.paths).lock):
                raise BackendFailed(
                    "the gateway did not reload", hints=["modelscan logs gateway --tail 20", "modelscan gateway status"]
                )
            context.clock.sleep(_POLL_SECONDS)
    return _status(context, changed=True)


def gateway_status(context: Context) -> GatewayStatus:
    """Whether it runs, where, and what it serves."""
    return _status(context)


def gateway_logs(
    context: Context, *, follow: bool = False, tail: int | None = None, since: str | None = None
) -> Iterator[LogLine]:
    """Lines oldest first; with `follow` until it ends. Raises Usage for `since`."""
    moment = moment_of(since, context.clock.now()) if since is not None else None
    return service_log(context.settings.paths, GATEWAY, context.clock, follow=follow, tail=tail, since=moment)


def _require_running(context: Context) -> RunningService:
    running = running_gateway(context)
    if running is None:
        raise BackendFailed("the gateway is not running", hints=["modelscan gateway start"])
    return running


def _status(context: Context, *, changed: bool | None = None) -> GatewayStatus:
    paths = context.settings.paths
    files = gateway_files(paths)
    running = running_gateway(context)
    keys = tuple(key.name for key in read_keys(paths.keys_file))
    if running is None:
        return GatewayStatus(status="stopped", keys=keys, changed=changed)
    said: dict[str, Any] = read_status(files)
    counted = said.get("requests", {})
    table = _as_found(read_table(files), said.get("upstreams", {}))
    return GatewayStatus(
        status="running",
        pid=running.process.pid,
        base_url=running.base_url,
        openai_base_url=f"{running.base_url}/v1",
        keys=keys,
        models=_served(table),
        upstreams=tuple(_upstream(item) for item in table.members if item.kind == "upstream"),
        requests=RequestCounts(
            total=counted.get("total", 0), in_flight=counted.get("in_flight", 0), failed=counted.get("failed", 0)
        ),
        tokens=tuple(UsedTokens(**item) for item in said.get("tokens", ())),
        started_at=running.started_at,
        changed=changed,
    )


def _as_found(table: GatewayTable, found: Mapping[str, Mapping[str, Any]]) -> GatewayTable:
    """The table with what the gateway says of upstreams."""
    members = [
        replace(item, status=found[item.name]["status"], last_error=found[item.name]["cause"])
        if item.kind == "upstream" and item.name in found
        else item
        for item in table.members
    ]
    return replace(table, members=tuple(members))


def _upstream(member: TableMember) -> UpstreamStatus:
    return UpstreamStatus(
        name=member.name,
        base_url=member.base_url,
        model=member.model,
        api_key_env=member.api_key_env,
        status=member.status,
        cause=member.last_error,
        pricing=member.pricing,
    )


def _served(table: GatewayTable) -> tuple[ServedModel, ...]:
    members = {item.name: item for item in table.members}
    names = sorted({*table.names, *table.aliases})
    shown = [name for name in names if not name.startswith("/")]  # a folder goes by its deployment's name
    return tuple(_model(name, [members[item] for item in table.behind(name) if item in members]) for name in shown)


def _model(name: str, members: list[TableMember]) -> ServedModel:
    statuses = [item.status for item in members]
    return ServedModel(
        id=name,
        deployments=tuple(item.name for item in members if item.kind == "deployment"),
        upstreams=tuple(item.name for item in members if item.kind == "upstream"),
        status="ready" if "ready" in statuses else next(iter(statuses), "unknown"),
    )
