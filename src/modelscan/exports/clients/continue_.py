"""Continue: a model in its config.yaml (docs.continue.dev/reference)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.exports.clients.client import Client, ClientFile, Environ, home_of
from modelscan.exports.clients.endpoint import ClientEndpoint
from modelscan.exports.editing.edits import Edit
from modelscan.exports.editing.put_yaml import put_entry
from modelscan.model.words import Task

_ROLES: Mapping[Task, tuple[str, ...]] = {
    "chat": ("chat", "edit", "apply"),
    "embed": ("embed",),
    "rerank": ("rerank",),
}
_HEAD = ("name: My models", "version: 0.0.1", "schema: v1")


def _places(environ: Environ) -> tuple[str, ...]:
    return (f"{environ.get('CONTINUE_GLOBAL_DIR') or f'{home_of(environ)}/.continue'}/config.yaml",)


def _edit(text: str, endpoint: ClientEndpoint) -> list[Edit]:
    """Continue fills in `secrets.NAME` from its own .env file."""
    entry: dict[str, Any] = {
        "name": f"{endpoint.model} (modelscan)",
        "provider": "openai",
        "model": endpoint.model,
        "apiBase": endpoint.openai_base_url,
        **({"apiKey": f"${{{{ secrets.{endpoint.api_key_env} }}}}"} if endpoint.api_key_env else {}),
        "roles": list(_ROLES[endpoint.task]),
        **({"capabilities": ["tool_use"]} if endpoint.tool_calls else {}),
    }
    if endpoint.context_length:
        entry["defaultCompletionOptions"] = {
            "contextLength": endpoint.context_length,
            "maxTokens": endpoint.output_tokens,
        }
    note = "added by modelscan connect continue"
    return put_entry(text, entry, called="name", note=note, under="models", head=_HEAD)


def _steps(endpoint: ClientEndpoint) -> tuple[str, ...]:
    if endpoint.api_key_env is None:
        return ()
    return (f'echo "{endpoint.api_key_env}=${endpoint.api_key_env}" >> ~/.continue/.env',)


CLIENT = Client(
    title="Continue", tasks=frozenset(_ROLES), files=(ClientFile(places=_places, edit=_edit),), steps=_steps
)
