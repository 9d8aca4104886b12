"""Environment variables for clients of a model."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass
from modelscan.errors import DeploymentNotFound
from modelscan.exports.clients.endpoint import ClientEndpoint, endpoint_to
from modelscan.exports.clients.env import env_lines, env_variables
from modelscan.routing.gateway_files import gateway_files, read_table
from modelscan.running.connecting.endpoint import client_endpoint, upstream_endpoint
from modelscan.running.gateway.process import running_gateway
from modelscan.selecting.context import Context
from modelscan.targets.deployments import not_ready, require_port


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedEnv:
    """Shell lines and the same as values; a key appears only as the name of its variable."""

    lines: tuple[str, ...]
    variables: Mapping[str, str]


def model_env(context: Context, name: str, *, direct: bool = False) -> ExportedEnv:
    """For a name: at the gateway where one runs that serves it, else, or if `direct`, at its deployment's own address.

    Raises DeploymentNotFound, or BackendFailed when it is not ready.
    """
    if not direct and running_gateway(context) is not None:
        table = read_table(gateway_files(context.settings.paths))
        members = table.behind(name)
        for member in table.members:
            known = member.kind == "deployment" and member.name in members
            if known and (member.status == "ready" or member.on_demand):
                return _exported(client_endpoint(context, context.deployments.find(member.name), name=name))
    if context.deployments.named(name) is None and (endpoint := upstream_endpoint(context, name)) is not None:
        return _exported(endpoint)
    found = context.deployments.now(name)
    if found.status != "ready":
        raise not_ready(found)
    require_port(found)
    return _exported(endpoint_to(found))


def export_env(context: Context) -> ExportedEnv:
    """For the deployment that became ready last. Raises DeploymentNotFound when none is ready."""
    ready = [item for item in context.deployments.list() if item.status == "ready"]
    if not ready:
        raise DeploymentNotFound("no deployment is ready", hints=["modelscan list", "modelscan deploy demo"])
    return _exported(client_endpoint(context, max(ready, key=lambda item: item.ready_at or "")))


def _exported(endpoint: ClientEndpoint) -> ExportedEnv:
    return ExportedEnv(lines=env_lines(endpoint), variables=env_variables(endpoint))
