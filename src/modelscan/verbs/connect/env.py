"""Environment variables for clients of a deployment."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass
from modelscan.errors import DeploymentNotFound
from modelscan.exports.clients.env import env_lines, env_variables
from modelscan.model import Deployment
from modelscan.running.connecting.endpoint import client_endpoint
from modelscan.selecting.context import Context
from modelscan.targets.deployments import not_ready


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedEnv:
    """Shell lines and the same as values; a key appears only as the name of its variable."""

    lines: tuple[str, ...]
    variables: Mapping[str, str]


def deployment_env(context: Context, name: str) -> ExportedEnv:
    """For one deployment. Raises DeploymentNotFound, or BackendFailed when it is not ready."""
    found = context.deployments.now(name)
    if found.status != "ready":
        raise not_ready(found)
    return _exported(context, found)


def export_env(context: Context) -> ExportedEnv:
    """For the deployment that became ready last. Raises DeploymentNotFound when none is ready."""
    ready = [item for item in context.deployments.list() if item.status == "ready"]
    if not ready:
        raise DeploymentNotFound("no deployment is ready", hints=["modelscan list", "modelscan deploy demo"])
    return _exported(context, max(ready, key=lambda item: item.ready_at or ""))


def _exported(context: Context, deployment: Deployment) -> ExportedEnv:
    endpoint = client_endpoint(context, deployment)
    return ExportedEnv(lines=env_lines(endpoint), variables=env_variables(endpoint))
