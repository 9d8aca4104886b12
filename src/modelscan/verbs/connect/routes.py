"""Routes to ready deployments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import yaml

from modelscan.dataclasses import dataclass
from modelscan.exports.llama_swap import llama_swap_config, llama_swap_text
from modelscan.model.results import Routes
from modelscan.routing.file import read_routes
from modelscan.routing.gateway_files import publish_upstreams
from modelscan.routing.table import routes_to
from modelscan.routing.text import edit_text
from modelscan.running.stale_routes import drop_stale_routes
from modelscan.selecting.context import Context
from modelscan.selecting.entries.members import upstream_members
from modelscan.targets.publish import litellm_of, litellm_text_of


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedRoutes:
    """The text of a configuration file, and its content."""

    text: str
    document: Mapping[str, Any]


def routes(context: Context) -> Routes:
    """The content of the routing file; our routes that lead to nothing are removed first. Raises ConfigInvalid."""
    path = context.settings.routing_path
    drop_stale_routes(context, [item.name for item in context.deployments.list() if item.status == "ready"])
    return Routes(file=str(path), routes=read_routes(path))


def export_routes(
    context: Context, form: Literal["modelscan", "litellm", "llama-swap"], *, keyless: bool = False
) -> ExportedRoutes:
    """Routes to deployments as a file: our own or LiteLLM's to those that are ready, llama-swap's to all.

    `keyless`: LiteLLM answers without a master key, as it does where the settings say so.
    """
    deployments = context.deployments.list()
    if form == "litellm":
        publish_upstreams(context.settings.paths, lambda: upstream_members(context))
        keyless = keyless or context.settings.routing.litellm_keyless
        document = litellm_of(context.deployments, context.settings.routing_path, keyless=keyless)
        text = litellm_text_of(context.deployments, context.settings.routing_path, keyless=keyless)
        return ExportedRoutes(text=text, document=document)
    if form == "llama-swap":
        document = llama_swap_config(deployments)
        return ExportedRoutes(text=llama_swap_text(document), document=document)
    text = edit_text("", routes_to(deployments))
    return ExportedRoutes(text=text, document=yaml.safe_load(text) or {})
