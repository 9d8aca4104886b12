"""Making it reachable: the routing file kept in step with what is ready, and the environment of clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from modelscan.model import Deployment, Route
from modelscan.operations.context import Context
from modelscan.operations.manage import deployment_status, list_deployments, not_ready


@dataclass(frozen=True, kw_only=True, slots=True)
class Routes:
    """The routes of the routing file, in its order."""

    file: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedEnv:
    """Shell lines, and the same as values; a key is only ever named by its variable."""

    lines: tuple[str, ...]
    variables: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedRoutes:
    """A configuration file's text, and what it says."""

    text: str
    document: Mapping[str, Any]


def routes(context: Context) -> Routes:
    """What the routing file says now. Raises ConfigInvalid for a damaged one."""
    from modelscan.routing.file import read_routes

    path = context.settings.routing_path
    return Routes(file=str(path), routes=read_routes(path))


def deployment_env(context: Context, name: str) -> ExportedEnv:
    """For one deployment. Raises DeploymentNotFound, or BackendFailed when it is not ready."""
    found = deployment_status(context, name)
    if found.status != "ready":
        raise not_ready(found)
    return _exported(found)


def export_env(context: Context) -> ExportedEnv:
    """For the deployment that became ready last. Raises DeploymentNotFound when none is ready."""
    from modelscan.errors import DeploymentNotFound

    ready = [item for item in list_deployments(context) if item.status == "ready"]
    if not ready:
        raise DeploymentNotFound("no deployment is ready", hints=["modelscan list", "modelscan deploy demo"])
    return _exported(max(ready, key=lambda item: item.ready_at or ""))


def export_routes(context: Context, form: Literal["modelscan", "litellm"]) -> ExportedRoutes:
    """All that is ready, as a routing file of our own or as a configuration of LiteLLM's proxy."""
    import yaml

    from modelscan.routing.exports import litellm_config
    from modelscan.routing.table import routes_to
    from modelscan.routing.text import edit_text

    deployments = list_deployments(context)
    if form == "litellm":
        document = litellm_config(deployments)
        return ExportedRoutes(text=yaml.safe_dump(document, sort_keys=False, width=1000), document=document)
    text = edit_text("", routes_to(deployments))
    return ExportedRoutes(text=text, document=yaml.safe_load(text) or {})


def _exported(deployment: Deployment) -> ExportedEnv:
    from modelscan.routing.exports import env_lines, env_variables

    return ExportedEnv(lines=tuple(env_lines(deployment)), variables=env_variables(deployment))
