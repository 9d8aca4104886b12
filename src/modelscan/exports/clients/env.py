"""Environment variables that clients of the OpenAI API read, as values and as shell lines."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from modelscan.exports.clients.client import Client
from modelscan.exports.clients.endpoint import NO_KEY, ClientEndpoint


def env_variables(endpoint: ClientEndpoint) -> dict[str, str]:
    """Names and values; the key's value is `$VARIABLE`, for a shell to fill in."""
    return {
        "OPENAI_BASE_URL": endpoint.openai_base_url,
        "OPENAI_API_KEY": shell_key(endpoint),
        "MODEL_API_URL": endpoint.openai_base_url,
        "MODEL_NAME": endpoint.model,
    }


def env_lines(endpoint: ClientEndpoint) -> tuple[str, ...]:
    """Lines for `eval` in a POSIX shell, quoted where needed."""
    return shell_lines(env_variables(endpoint), endpoint)


def shell_key(endpoint: ClientEndpoint) -> str:
    return f"${endpoint.api_key_env}" if endpoint.api_key_env else NO_KEY


def shell_lines(variables: Mapping[str, str], endpoint: ClientEndpoint) -> tuple[str, ...]:
    """A value that is the endpoint's key is left to the shell to fill in; all others are taken as they are."""
    key = shell_key(endpoint) if endpoint.api_key_env else None
    quoted = {name: f'"{value}"' if value == key else shlex.quote(value) for name, value in variables.items()}
    return tuple(f"export {name}={value}" for name, value in quoted.items())


def _variables(endpoint: ClientEndpoint) -> Mapping[str, str]:
    """The four, the older name of the address, and what clients of Anthropic's API read."""
    return {
        **env_variables(endpoint),
        "OPENAI_API_BASE": endpoint.openai_base_url,
        "ANTHROPIC_BASE_URL": endpoint.base_url,
        "ANTHROPIC_AUTH_TOKEN": shell_key(endpoint),
    }


CLIENT = Client(title="your shell", tasks=None, variables=_variables)
