"""llm: an entry in extra-openai-models.yaml (llm.datasette.io, OpenAI-compatible models)."""

from __future__ import annotations

from typing import Any

from modelscan.exports.clients.client import Client, ClientFile, Environ, config_home
from modelscan.exports.clients.endpoint import ClientEndpoint
from modelscan.exports.editing.edits import Edit
from modelscan.exports.editing.put_yaml import put_entry
from modelscan.model.words import Task

_KEY = "modelscan"  # the name of the key in llm's own store
_TASKS: frozenset[Task] = frozenset({"chat", "completion"})


def _places(environ: Environ) -> tuple[str, ...]:
    folder = environ.get("LLM_USER_PATH") or f"{config_home(environ)}/io.datasette.llm"
    return (f"{folder}/extra-openai-models.yaml",)


def _edit(text: str, endpoint: ClientEndpoint) -> list[Edit]:
    """A key that is named and not stored is an error for llm: without one there is no name either."""
    entry: dict[str, Any] = {
        "model_id": endpoint.model,
        "model_name": endpoint.model,
        "api_base": endpoint.openai_base_url,
        **({"api_key_name": _KEY} if endpoint.api_key_env else {}),
        **({"completion": True} if endpoint.task == "completion" else {}),
        **({"supports_tools": True} if endpoint.tool_calls else {}),
    }
    return put_entry(text, entry, called="model_id", note="added by modelscan connect llm")


def _steps(endpoint: ClientEndpoint) -> tuple[str, ...]:
    """The key is pasted: on a command line every user of the machine could read it."""
    key = (
        (f"llm keys set {_KEY}   # it asks for the key: that in ${endpoint.api_key_env}",)
        if endpoint.api_key_env
        else ()
    )
    return (*key, f"llm -m {endpoint.model} 'Hello'")


CLIENT = Client(title="llm", tasks=_TASKS, files=(ClientFile(places=_places, edit=_edit),), steps=_steps)
