"""Addresses that models come from: of repos on Hugging Face, and of APIs elsewhere. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from modelscan.errors import Usage

# A repo's name as huggingface_hub 2.4.0 checks it (utils/_validators.py), with its owner.
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?"
_REPO = re.compile(rf"(?:https?://(?:www\.)?huggingface\.co/)?(?P<repo>{_PART}/{_PART})/?", re.IGNORECASE)
_NOT_MODELS = frozenset({"datasets", "spaces", "collections", "papers", "docs", "blog", "api", "models"})
_OPERATIONS = ("/chat/completions", "/completions", "/embeddings", "/responses")


def repo_of(address: str) -> str:
    """`owner/name` of `https://huggingface.co/owner/name` or of `owner/name`. Raises Usage for anything else."""
    found = _REPO.fullmatch(address.strip())
    if found is None or found["repo"].partition("/")[0].lower() in _NOT_MODELS:
        raise Usage("source.url: local models come from https://huggingface.co/owner/name or owner/name only")
    return found["repo"]


def check_api(address: str) -> None:
    """Raise Usage for what is not the address of an API, or holds a secret, which would be kept and shown."""
    try:
        parts = urlsplit(address)
        port_is_fine = parts.port != 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine or not address.isprintable():
        raise Usage("source.url: a remote model needs the http or https address of its API")
    if parts.username or parts.password or parts.query or parts.fragment or " " in address:
        raise Usage("source.url: the address of an API has no credentials, query or fragment; a key is source.token")


def api_of(address: str) -> str:
    """The address below which the operations of an OpenAI API are; that of one of them leads there too."""
    base = address.rstrip("/")
    return next((base.removesuffix(end) for end in _OPERATIONS if base.endswith(end)), base)
