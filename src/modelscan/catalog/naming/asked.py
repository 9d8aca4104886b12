"""What a user types, parsed: addresses, owners, tags, the words of the name, how the weights are stored (pure)."""

from __future__ import annotations

import re

from modelscan.catalog.naming import names
from modelscan.catalog.naming import words as vocabulary
from modelscan.catalog.naming.translated import in_english, unread
from modelscan.dataclasses import dataclass
from modelscan.model import Source
from modelscan.parsing.regex import regex

_REVISION = regex(r"/(?:tree|blob|resolve)/([^/?#]+).*$")
_SOURCES: dict[str, Source] = {"huggingface": "huggingface", "modelscope": "modelscope"}
_HUBS = {host: _SOURCES[hub] for host, hub in vocabulary.HUB_ADDRESSES.items() if hub in _SOURCES}
_HUB_ADDRESS = regex(rf"^(?:https?://)?(?:www\.)?({'|'.join(map(re.escape, _HUBS))})/(?:models/)?", re.IGNORECASE)
_REPO = regex(r"[\w][\w.-]*/[\w][\w.-]*")
_FILE_IN_REPO = regex(rf"([\w.-]+/[\w.-]+)/(?:.*/)?([\w.-]+\.(?:{'|'.join(vocabulary.FILE_ENDINGS)}))", re.IGNORECASE)
_CACHE_FOLDER = regex(r"^models--([\w.-]+?)--([\w.-]+)$")  # of huggingface_hub
_TITLE = regex(r"\s+[:•·|]\s+")  # LM Studio shows `publisher : name`, others `name • form`
_LATEST = regex(r"(?<=[\w.-]):latest$", re.IGNORECASE)
# Ollama's tags for weights before tuning: `llama3:8b-text`, `codegemma:2b-code-q4_0`.
_BASE_TAG = regex(r"(:(?:[\w.]+-)?)(?:text|code)(?=$|-(?:i?q\d|fp16))", re.IGNORECASE)
_USUAL_TAG = regex(rf":(?:{'|'.join(sorted(vocabulary.TAGS))})$", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeightsHint:
    """Which weights of the model the query names, if any."""

    repo_id: str | None = None
    revision: str | None = None
    quantization: str | None = None
    source: Source | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A parsed query. `repo` is set where it reads as an explicit `owner/name`; `owners` are all parts before the
    name, of which `owner` is the last. `unread` are letters of no language that is understood here.
    """

    text: str
    owner: str | None
    parts: tuple[str, ...]
    quantization: str | None
    is_stored_otherwise: bool
    repo: str | None
    revision: str | None
    source: Source | None
    owners: tuple[str, ...] = ()
    unread: str = ""
    is_hosted: bool = False

    @property
    def is_tier(self) -> bool:
        """Whether the name has words for how a host serves it; such a name is not a repo's."""
        return names.without_tiers(self.parts) != self.parts

    def hint(self, *, repo_id: str | None = None) -> WeightsHint | None:
        hint = WeightsHint(repo_id=repo_id, revision=self.revision, quantization=self.quantization, source=self.source)
        return hint if hint != WeightsHint() else None


def read(query: str) -> Asked:
    text = _CACHE_FOLDER.sub(r"\1/\2", query.strip())
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
    translated, unread = _translated(text)
    if file := _FILE_IN_REPO.search(translated):
        text = translated = file[1]
        tag = names.without_quantization(names.words(file[2]))[1] or ""
    unwrapped = names.unwrap(_USUAL_TAG.sub("", _latest(_title(translated))))
    words = names.words(_BASE_TAG.sub(r"\1base", unwrapped))
    parts = tuple(word for word in words if word not in vocabulary.TAGS - vocabulary.ORDERS.keys())
    if translated != text:  # the same in two languages: `embedding 向量化`
        parts = tuple(dict.fromkeys(parts))
    kept, quantization = names.without_quantization((*parts, *names.words(tag)))
    is_repo = _REPO.fullmatch(unwrapped) is not None and unwrapped == text
    owners = tuple(unwrapped.split("/")[:-1])
    return Asked(
        text=text,
        owner=names.split_owner(unwrapped)[0],
        parts=kept,
        quantization=quantization,
        is_stored_otherwise=kept != parts,
        repo=unwrapped if is_repo else None,
        revision=revision,
        source=source,
        owners=owners,
        unread=unread,
    )


def _title(text: str) -> str:
    """`publisher • name` as a path; what stands behind a name may also be the form of its weights."""
    *before, last = _TITLE.split(text)
    if before and not names.without_quantization(("", *names.words(last)))[0][1:]:
        before, last = before[:-1], f"{before[-1]} {last}"
    return "/".join((*before, last))


def _latest(text: str) -> str:
    """Ollama's `latest` as the size that it is of this family."""
    name = _LATEST.sub("", names.unwrap(text))
    size = vocabulary.LATEST.get(name.casefold()) if _LATEST.search(text) else None
    return f"{name}:{size}" if size else text


def _translated(text: str) -> tuple[str, str]:
    """The text with words of other languages in English, and the letters that stay unread."""
    if text.isascii():
        return text, ""
    found = in_english(text)
    return found, unread(found)
