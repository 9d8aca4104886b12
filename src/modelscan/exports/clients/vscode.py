"""Visual Studio Code from 1.122 on: a vendor in its chatLanguageModels.json (code.visualstudio.com/docs)."""

from __future__ import annotations

from typing import Any

from modelscan.exports.clients.client import Client, ClientFile, Environ, config_home
from modelscan.exports.clients.endpoint import NO_KEY, ClientEndpoint
from modelscan.exports.editing.edits import Edit
from modelscan.exports.editing.put_json import put_element

_NAME = "modelscan"
_USUAL_CONTEXT, _USUAL_OUTPUT = 8192, 2048  # where they are not known: it wants figures


def _places(environ: Environ) -> tuple[str, ...]:
    return (f"{config_home(environ)}/Code/User/chatLanguageModels.json",)


def _edit(text: str, endpoint: ClientEndpoint) -> list[Edit]:
    """A key is asked for by the editor and kept in its own secret store."""
    model: dict[str, Any] = {
        "id": endpoint.model,
        "name": endpoint.model,
        "url": f"{endpoint.openai_base_url}/chat/completions",
        "toolCalling": endpoint.tool_calls,
        "vision": False,
        "maxInputTokens": (endpoint.context_length or _USUAL_CONTEXT) - (endpoint.output_tokens or _USUAL_OUTPUT),
        "maxOutputTokens": endpoint.output_tokens or _USUAL_OUTPUT,
    }
    vendor = {
        "name": _NAME,
        "vendor": "customendpoint",
        "apiKey": f"${{input:chat.lm.secret.{_NAME}}}" if endpoint.api_key_env else NO_KEY,
        "apiType": "chat-completions",
        "models": [model],
    }
    return put_element(text, "name", vendor)


def _steps(endpoint: ClientEndpoint) -> tuple[str, ...]:
    key = (f"# it asks for the key: that in ${endpoint.api_key_env}",) if endpoint.api_key_env else ()
    return (*key, f"# choose `{endpoint.model}` in the list of models of the chat")


CLIENT = Client(title="Visual Studio Code", files=(ClientFile(places=_places, edit=_edit),), steps=_steps)
