"""Whether the gateway is already as a file wants it."""

from __future__ import annotations

from modelscan.routing.names_file import NAMES_FILE, read_names
from modelscan.running.gateway.process import running_gateway
from modelscan.selecting.context import Context
from modelscan.selecting.declared.file import GatewaySection


def gateway_stands(context: Context, section: GatewaySection) -> bool:
    """It runs, at the port that is named, and every alias and fallback of the file counts. Raises ConfigInvalid."""
    running = running_gateway(context)
    if running is None or section.port not in {None, running.port}:
        return False
    names = read_names(context.settings.routing_path.with_name(NAMES_FILE))
    return section.aliases.items() <= names.aliases.items() and section.fallbacks.items() <= names.fallbacks.items()
