"""The programs that `connect` knows, each with the module that describes it, loaded on use."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from modelscan.exports.clients.client import Client
from modelscan.model.words import ClientName

CLIENTS: Mapping[ClientName, str] = {
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


def client_named(name: ClientName) -> Client:
    found = importlib.import_module(CLIENTS[name]).CLIENT
    assert isinstance(found, Client)  # noqa: S101  a test loads them all
    return found
