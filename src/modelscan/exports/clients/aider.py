"""aider: model and address in .aider.conf.yml, the context in .aider.model.metadata.json (aider.chat/docs)."""

from __future__ import annotations

from modelscan.exports.clients.client import Client, ClientFile, Environ, home_of
from modelscan.exports.clients.endpoint import NO_KEY, ClientEndpoint
from modelscan.exports.editing.edits import Edit
from modelscan.exports.editing.put_json import put_values
from modelscan.exports.editing.put_yaml import put_scalars


def _settings(environ: Environ) -> tuple[str, ...]:
    return (f"{home_of(environ)}/.aider.conf.yml",)


def _metadata(environ: Environ) -> tuple[str, ...]:
    return (f"{home_of(environ)}/.aider.model.metadata.json",)


def _edit(text: str, endpoint: ClientEndpoint) -> list[Edit]:
    """A key of its own is left to the variable OPENAI_API_KEY, which aider reads where the file has none."""
    values = {"model": f"openai/{endpoint.model}", "openai-api-base": endpoint.openai_base_url}
    if endpoint.api_key_env is None:
        values["openai-api-key"] = NO_KEY
    return put_scalars(text, values)


def _edit_metadata(text: str, endpoint: ClientEndpoint) -> list[Edit]:
    if endpoint.context_length is None:
        return []
    known = {
        "max_input_tokens": endpoint.context_length,
        "max_output_tokens": endpoint.output_tokens,
        "litellm_provider": "openai",
        "mode": "chat",
    }
    return put_values(text, {(f"openai/{endpoint.model}",): known})


def _steps(endpoint: ClientEndpoint) -> tuple[str, ...]:
    key = (f'export OPENAI_API_KEY="${endpoint.api_key_env}"',) if endpoint.api_key_env else ()
    return (*key, "aider")


CLIENT = Client(
    title="aider",
    files=(ClientFile(places=_settings, edit=_edit), ClientFile(places=_metadata, edit=_edit_metadata)),
    steps=_steps,
)
