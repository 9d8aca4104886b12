"""opencode: a provider in opencode.json (opencode.ai/docs/providers)."""

from __future__ import annotations

from modelscan.exports.clients.client import Client, ClientFile, Environ, config_home
from modelscan.exports.clients.endpoint import NO_KEY, ClientEndpoint
from modelscan.exports.editing.edits import Edit
from modelscan.exports.editing.put_json import put_values

_PROVIDER = "modelscan"
_LEAST_CONTEXT = 16_384  # its own instructions and ten tools take 30 kB


def _places(environ: Environ) -> tuple[str, ...]:
    if named := environ.get("OPENCODE_CONFIG"):
        return (named,)
    folder = f"{config_home(environ)}/opencode"
    return (f"{folder}/opencode.json", f"{folder}/opencode.jsonc")


def _edit(text: str, endpoint: ClientEndpoint) -> list[Edit]:
    sizes = {"context": endpoint.context_length, "output": endpoint.output_tokens}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "modelscan",
        "options": {
            "baseURL": endpoint.openai_base_url,
            "apiKey": f"{{env:{endpoint.api_key_env}}}" if endpoint.api_key_env else NO_KEY,
        },
        "models": {
            endpoint.model: {
                "name": endpoint.model,
                **({"limit": sizes} if endpoint.context_length else {}),
                "tool_call": endpoint.tool_calls,
            }
        },
    }
    return put_values(text, {("provider", _PROVIDER): provider, ("model",): f"{_PROVIDER}/{endpoint.model}"})


def _steps(endpoint: ClientEndpoint) -> tuple[str, ...]:
    notes = []
    if not endpoint.tool_calls:
        notes.append(f"# `{endpoint.model}` calls no tools here: opencode can talk to it, and edit nothing")
    if endpoint.context_length and endpoint.context_length < _LEAST_CONTEXT:
        notes.append(f"# opencode's own instructions need a context of about {_LEAST_CONTEXT} tokens")
    return (*notes, "opencode")


CLIENT = Client(title="opencode", files=(ClientFile(places=_places, edit=_edit),), steps=_steps)
