"""The options that `plan`, `deploy` and `run` share, as one DeployRequest."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from modelscan import dataclasses
from modelscan.cli.options.plan import PLAN_OPTIONS, plan_request
from modelscan.cli.options.request import Declared, option, takes
from modelscan.model import PlanRequest, RestartPolicy
from modelscan.selecting.deployment_file import overridden, read_deployment_file
from modelscan.selecting.requests import DeployRequest, parse_idle_timeout
from modelscan.settings.deploy import DeploySettings

SERVING, STARTING = "Serving", "Starting"

_DEFAULTS = DeployRequest(plan=PlanRequest(model=""))

_SETTINGS = DeploySettings()
_OWN: Declared = {
    "name": option(
        str | None,
        "--name",
        panel=SERVING,
        help="Name of the deployment; by default the last part of the model id.",
        metavar="NAME",
    ),
    "port": option(
        int | None,
        "--port",
        panel=SERVING,
        help=f"Port to listen on; by default {_SETTINGS.first_port} or the next free one.",
        min=1,
        max=65535,
        metavar="PORT",
    ),
    "host": option(
        str,
        "--host",
        panel=SERVING,
        help="Address to listen on; loopback only.",
        default=_DEFAULTS.host,
        metavar="HOST",
    ),
    "api_key_env": option(
        str | None,
        "--api-key-env",
        panel=SERVING,
        help="Environment variable that holds the API key clients must send.",
        metavar="VAR",
    ),
    "restart": option(
        RestartPolicy | None,
        "--restart",
        panel=SERVING,
        help="When to restart a backend that exited.",
        case_sensitive=False,
        show_default=_SETTINGS.restart,
    ),
    "idle_timeout": option(
        str | None,
        "--idle-timeout",
        panel=SERVING,
        help="Stop the deployment after this long without requests.",
        metavar="30m|2h",
    ),
    "on_demand": option(
        bool,
        "--on-demand",
        panel=SERVING,
        help="Prepare it, and start it at its first request at the gateway; idle, it makes room for others.",
        default=False,
    ),
    "sleep": option(
        bool,
        "--sleep",
        panel=SERVING,
        help="With --on-demand: idle, it sleeps and keeps its weights in the host's memory, to be back in seconds.",
        default=False,
    ),
    "alias": option(
        list[str] | None,
        "--alias",
        panel=SERVING,
        help="Another name for it at the gateway; may be repeated.",
        metavar="NAME",
    ),
    "target": option(
        Literal["local"],
        "--target",
        panel=SERVING,
        help="Where to run.",
        default=_DEFAULTS.target,
        case_sensitive=False,
    ),
    "replace": option(
        bool, "--replace", panel=SERVING, help="Replace an existing deployment of the same name.", default=False
    ),
    "timeout": option(
        float | None,
        "--timeout",
        panel=STARTING,
        help="Maximum number of seconds until it is ready, installation and download included.",
        min=0.1,
        metavar="S",
    ),
    "stall_timeout": option(
        float | None,
        "--stall-timeout",
        panel=STARTING,
        help="Give up after this many seconds without progress.",
        min=1,
        metavar="S",
        show_default=f"{_SETTINGS.stall_timeout:g}",
    ),
}


def _deploy_request(*, idle_timeout: str | None, alias: list[str] | None, **values: Any) -> DeployRequest:
    """The request that these options make. Raises Usage."""
    own = {name: values.pop(name) for name in _OWN if name in values}
    return DeployRequest(
        plan=plan_request(**values),
        idle_timeout=parse_idle_timeout(idle_timeout) if idle_timeout else None,
        aliases=tuple(dict.fromkeys(alias or ())),
        **own,
    )


def with_file(file: Path, given: DeployRequest) -> DeployRequest:
    """The request in a deployment file, overridden by the options. Raises Usage."""
    kept = read_deployment_file(file)
    return dataclasses.replace(
        given, plan=overridden(kept.request, given.plan), name=given.name or kept.name, port=given.port or kept.port
    )


takes_deploy_request = takes({**PLAN_OPTIONS, **_OWN}, _deploy_request)
