"""The programs that `connect` knows, each with the module that describes it, loaded on use."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches

from modelscan.errors import Usage
from modelscan.exports.clients.client import Client

CLIENTS: Mapping[str, str] = {
    "llm": "modelscan.exports.clients.llm",
    "aider": "modelscan.exports.clients.aider",
    "opencode": "modelscan.exports.clients.opencode",
    "claude-code": "modelscan.exports.clients.claude_code",
    "continue": "modelscan.exports.clients.continue_",
    "zed": "modelscan.exports.clients.zed",
    "vscode": "modelscan.exports.clients.vscode",
    "open-webui": "modelscan.exports.clients.open_webui",
    "env": "modelscan.exports.clients.env",
}


def client_named(name: str) -> Client:
    """In any case of letters. Raises Usage for an unknown one, with near names."""
    known = name.lower()
    if known not in CLIENTS:
        near = get_close_matches(known, CLIENTS, n=1)
        raise Usage(
            f"`{name}` is not a program that can be connected",
            hints=[f"did you mean `{near[0]}`?" if near else f"one of {', '.join(CLIENTS)}"],
            details={"known": list(CLIENTS)},
        )
    found = importlib.import_module(CLIENTS[known]).CLIENT
    assert isinstance(found, Client)  # noqa: S101  a test loads them all
    return found
