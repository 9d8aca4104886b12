"""Hugging Face's own model search; only what its list says of each model.

Fields and parameters as huggingface_hub 2.4.0 asks for them (hf_api.py, `list_models`), from whose source they were
read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from modelscan.dataclasses import dataclass
from modelscan.errors import SourceUnavailable, shown_address
from modelscan.hubs.variables import endpoint_of, token_of

if TYPE_CHECKING:
    from modelscan.hubs.huggingface.answers import ListedModel
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
    from modelscan.hubs.huggingface.answers import read_models  # pydantic is loaded for an answer only

    def refusal(reason: str) -> SourceUnavailable:
        summary = f"{shown_address(endpoint)} did not answer with a list of models"
        return SourceUnavailable(summary, cause=[reason])

    listed = read_models(content, refusal)
    return [_entry(item) for item in listed if item is not None]


def _entry(item: ListedModel) -> HubEntry:
    return HubEntry(
        repo_id=item.id,
        kind=item.pipeline_tag,
        tags=item.tags,
        parameters=item.safetensors.total if item.safetensors else None,
        downloads=item.downloads,
        created_at=item.created_at,
        updated_at=item.last_modified,
    )
