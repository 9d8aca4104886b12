"""Addresses that models come from: of repos on Hugging Face, and of APIs elsewhere. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from modelscan.errors import Usage

# A repo's name as huggingface_hub 2.4.0 checks it (utils/_validators.py), with its owner.
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_NOT_MODELS = "datasets|spaces|collections|papers|docs|blog|api|models"
REPO_PATTERN = rf"(?:https?://(?:www\.)?huggingface\.co/)?(?!(?:{_NOT_MODELS})/){_PART}/{_PART}/?"
_PORT = "6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}"
_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?|\[::1\])"
# No credentials, query or fragment: an address is kept and shown.
HOST_PATTERN = rf"{_HOST}(?::(?:{_PORT}))?"
API_PATTERN = rf"https?://{HOST_PATTERN}(?:/[A-Za-z0-9._~%/-]*)?"
_REPO, _API = re.compile(REPO_PATTERN), re.compile(API_PATTERN)
_OPERATIONS = ("/chat/completions", "/completions", "/embeddings", "/responses")


def repo_of(address: str) -> str:
    """`owner/name` of `https://huggingface.co/owner/name` or of `owner/name`. Raises Usage for anything else."""
    if not _REPO.fullmatch(address):
        raise Usage("source.url: local models come from https://huggingface.co/owner/name or owner/name only")
    return "/".join(address.rstrip("/").split("/")[-2:])


def check_api(address: str) -> None:
    """Raise Usage for what is not the address of an API, or holds what may be a secret."""
    if not _API.fullmatch(address):
        raise Usage(
            "source.url: a remote model needs the http or https address of its API, without credentials, query or "
            "fragment; its key is source.token"
        )


def api_of(address: str) -> str:
    """The address below which the operations of an OpenAI API are; that of one of them leads there too."""
    base = address.rstrip("/")
    return next((base.removesuffix(end) for end in _OPERATIONS if base.endswith(end)), base)


def host_of(address: str) -> str:
    return urlsplit(address).hostname or address
