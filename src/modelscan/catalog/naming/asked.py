"""What a user types, parsed: addresses, owners, tags, the words of the name, how the weights are stored (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.model import Source

_REVISION = re.compile(r"/(?:tree|blob|resolve)/([^/?#]+).*$")
_SOURCES: dict[str, Source] = {"huggingface": "huggingface", "modelscope": "modelscope"}
_HUBS = {host: _SOURCES[hub] for host, hub in vocabulary.HUB_ADDRESSES.items() if hub in _SOURCES}
_HUB_ADDRESS = re.compile(rf"^(?:https?://)?(?:www\.)?({'|'.join(map(re.escape, _HUBS))})/(?:models/)?", re.IGNORECASE)
_REPO = re.compile(r"[\w][\w.-]*/[\w][\w.-]*")
# Ollama's tags for weights before tuning: `llama3:8b-text`, `codegemma:2b-code-q4_0`.
_BASE_TAG = re.compile(r"(:(?:[\w.]+-)?)(?:text|code)(?=$|-(?:i?q\d|fp16))", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsHint:
    """Which weights of the model the query names, if any."""

    repo_id: str | None = None
    revision: str | None = None
    quantization: str | None = None
    source: Source | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A parsed query. `repo` is set where it reads as an explicit `owner/name`."""

    text: str
    owner: str | None
    parts: tuple[str, ...]
    quantization: str | None
    is_stored_otherwise: bool
    repo: str | None
    revision: str | None
    source: Source | None

    @property
    def is_tier(self) -> bool:
        """Whether the name has words for how a host serves it; such a name is not a repo's."""
        return names.without_tiers(self.parts) != self.parts

    def hint(self, *, repo_id: str | None = None) -> WeightsHint | None:
        hint = WeightsHint(repo_id=repo_id, revision=self.revision, quantization=self.quantization, source=self.source)
        return hint if hint != WeightsHint() else None


def read(query: str) -> Asked:
    text = query.strip()
    source: Source | None = None
    revision: str | None = None
    tag = ""
    if address := _HUB_ADDRESS.match(text):
        source = _HUBS[address[1].lower()]
        text = text[address.end() :].split("?")[0].split("#")[0].rstrip("/")
        if match := _REVISION.search(text):
            text, revision = text[: match.start()], match[1]
        text = "/".join(text.split("/")[:2])
        text, _, tag = text.partition(":")  # hf.co/OWNER/NAME-GGUF:Q4_K_M, as Ollama takes it
    unwrapped = names.unwrap(text)
    words = names.words(_BASE_TAG.sub(r"\1base", unwrapped))
    parts = tuple(word for word in words if word not in vocabulary.TAGS or "/" in unwrapped)
    kept, quantization = names.without_quantization((*parts, *names.words(tag)))
    is_repo = _REPO.fullmatch(unwrapped) is not None and unwrapped == text
    return Asked(
        text=text,
        owner=names.split_owner(unwrapped)[0],
        parts=kept,
        quantization=quantization,
        is_stored_otherwise=kept != parts,
        repo=unwrapped if is_repo else None,
        revision=revision,
        source=source,
    )
