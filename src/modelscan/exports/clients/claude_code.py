"""Claude Code: variables in its settings.json (code.claude.com/docs, LLM gateways)."""

from __future__ import annotations

from modelscan.exports.clients.client import Client, ClientFile, Environ, home_of
from modelscan.exports.clients.endpoint import NO_KEY, ClientEndpoint
from modelscan.exports.editing.edits import Edit
from modelscan.exports.editing.put_json import put_values


def _places(environ: Environ) -> tuple[str, ...]:
    return (f"{environ.get('CLAUDE_CONFIG_DIR') or f'{home_of(environ)}/.claude'}/settings.json",)


def _edit(text: str, endpoint: ClientEndpoint) -> list[Edit]:
    """The address is one without /v1. A key is not written down: it is printed from its variable when it is needed."""
    variables = {
        "ANTHROPIC_BASE_URL": endpoint.base_url,
        "ANTHROPIC_MODEL": endpoint.model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": endpoint.model,
        "ANTHROPIC_SMALL_FAST_MODEL": endpoint.model,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    if endpoint.output_tokens is not None:
        variables["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] = str(endpoint.output_tokens)
    if endpoint.api_key_env is None:
        variables["ANTHROPIC_AUTH_TOKEN"] = NO_KEY
    values: dict[tuple[str, ...], object] = {("env", name): value for name, value in variables.items()}
    if endpoint.api_key_env is not None:
        values["apiKeyHelper",] = f"printenv {endpoint.api_key_env}"
    return put_values(text, values)


def _steps(_: ClientEndpoint) -> tuple[str, ...]:
    return ("claude",)


CLIENT = Client(title="Claude Code", api="anthropic", files=(ClientFile(places=_places, edit=_edit),), steps=_steps)
