"""Open WebUI: variables of its server (docs.openwebui.com, environment variables)."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.exports.clients.client import Client
from modelscan.exports.clients.endpoint import ClientEndpoint
from modelscan.exports.clients.env import shell_key


def _variables(endpoint: ClientEndpoint) -> Mapping[str, str]:
    """It reads them at its first start only, and later its own database, unless the last one says otherwise."""
    return {
        "OPENAI_API_BASE_URLS": endpoint.openai_base_url,
        "OPENAI_API_KEYS": shell_key(endpoint),
        "ENABLE_OLLAMA_API": "false",
        "ENABLE_PERSISTENT_CONFIG": "false",
    }


def _steps(_: ClientEndpoint) -> tuple[str, ...]:
    return ("# in a container it cannot reach 127.0.0.1: start it with --network host", "open-webui serve")


CLIENT = Client(title="Open WebUI", variables=_variables, steps=_steps)
