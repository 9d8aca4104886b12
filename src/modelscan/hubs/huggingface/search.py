"""Hugging Face's own search for models: what its list says of each, no more.

Fields and parameters as huggingface_hub 2.4.0 asks for them (hf_api.py, `list_models`), from whose source they were
read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from modelscan.errors import SourceUnavailable, shown_address
from modelscan.hubs.huggingface.client import endpoint_of, token_of

if TYPE_CHECKING:
    from modelscan.system.http import Http

_FIELDS = ("safetensors", "pipeline_tag", "tags", "downloads", "gated", "lastModified", "createdAt")
_LARGEST_ANSWER = 8 * 1024**2


@dataclass(frozen=True, kw_only=True, slots=True)
class HubEntry:
    """A repo in the hub's list. `kind` is the hub's word for what it is for, `parameters` its own count."""

    repo_id: str
    kind: str | None = None
    tags: tuple[str, ...] = ()
    parameters: int | None = None
    downloads: int | None = None
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def license(self) -> str | None:
        return next((tag.removeprefix("license:") for tag in self.tags if tag.startswith("license:")), None)


def search_hub(words: str, *, limit: int, environ: Mapping[str, str], http: Http) -> Sequence[HubEntry]:
    """Repos for some words, the most downloaded first. Raises SourceUnavailable, Unauthorized, Gated."""
    endpoint = endpoint_of(environ)
    query = [("search", words), ("sort", "downloads"), ("direction", "-1"), ("limit", str(limit))]
    query.extend(("expand", name) for name in _FIELDS)
    token = token_of(environ)
    headers = {"authorization": f"Bearer {token}"} if token else {}
    address = f"{endpoint}/api/models?{urlencode(query)}"
    content = http.fetch(address, headers=headers, limit=_LARGEST_ANSWER).content or b""
    try:
        listed = json.loads(content)
    except (ValueError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise SourceUnavailable(f"{shown_address(endpoint)} answered with something that is no list of models")
    return [_entry(item) for item in listed if isinstance(item, dict) and isinstance(item.get("id"), str)]


def _entry(item: Mapping[str, Any]) -> HubEntry:
    counts, tags = item.get("safetensors"), item.get("tags")
    return HubEntry(
        repo_id=item["id"],
        kind=_text(item.get("pipeline_tag")),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        parameters=_count(counts.get("total")) if isinstance(counts, Mapping) else None,
        downloads=_count(item.get("downloads")),
        created_at=_text(item.get("createdAt")),
        updated_at=_text(item.get("lastModified")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
