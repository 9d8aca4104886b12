"""Zed: a provider in its settings.json (zed.dev/docs/ai/llm-providers)."""

from __future__ import annotations

from modelscan.exports.clients.client import Client, ClientFile, Environ, config_home
from modelscan.exports.clients.endpoint import ClientEndpoint
from modelscan.exports.clients.env import shell_key, shell_lines
from modelscan.exports.editing.edits import Edit
from modelscan.exports.editing.put_json import put_values

_PROVIDER = "modelscan"
_VARIABLE = "MODELSCAN_API_KEY"  # what Zed makes of the provider's name
_USUAL_CONTEXT = 8192  # where it is not known: Zed wants a figure


def _places(environ: Environ) -> tuple[str, ...]:
    return (f"{config_home(environ)}/zed/settings.json",)


def _edit(text: str, endpoint: ClientEndpoint) -> list[Edit]:
    model = {
        "name": endpoint.model,
        "display_name": f"{endpoint.model} (modelscan)",
        "max_tokens": endpoint.context_length or _USUAL_CONTEXT,
        **({"max_output_tokens": endpoint.output_tokens} if endpoint.output_tokens else {}),
        "capabilities": {
            "tools": endpoint.tool_calls,
            "images": False,
            "parallel_tool_calls": False,
            "prompt_cache_key": False,
        },
    }
    provider = {"api_url": endpoint.openai_base_url, "available_models": [model]}
    return put_values(text, {("language_models", "openai_compatible", _PROVIDER): provider})


def _steps(endpoint: ClientEndpoint) -> tuple[str, ...]:
    """Zed asks for a key in any case."""
    [line] = shell_lines({_VARIABLE: shell_key(endpoint)}, endpoint)
    return (f"{line}   # in the shell that Zed is started from",)


CLIENT = Client(title="Zed", files=(ClientFile(places=_places, edit=_edit),), steps=_steps)
