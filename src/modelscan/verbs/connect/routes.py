"""The routes that lead to what is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from modelscan.exports.litellm import litellm_config
from modelscan.model.results import Routes
from modelscan.routing.file import read_routes
from modelscan.routing.table import routes_to
from modelscan.routing.text import edit_text
from modelscan.selecting.context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportedRoutes:
    """A configuration file's text, and what it says."""

    text: str
    document: Mapping[str, Any]


def routes(context: Context) -> Routes:
    """What the routing file says now. Raises ConfigInvalid for a damaged one."""
    path = context.settings.routing_path
    return Routes(file=str(path), routes=read_routes(path))


def export_routes(context: Context, form: Literal["modelscan", "litellm"]) -> ExportedRoutes:
    """All that is ready, as a routing file of our own or as a configuration of LiteLLM's proxy."""
    deployments = context.deployments.list()
    if form == "litellm":
        document = litellm_config(deployments)
        return ExportedRoutes(text=yaml.safe_dump(document, sort_keys=False, width=1000), document=document)
    text = edit_text("", routes_to(deployments))
    return ExportedRoutes(text=text, document=yaml.safe_load(text) or {})
