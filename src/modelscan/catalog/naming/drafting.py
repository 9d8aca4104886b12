"""Names that say of themselves that a repo drafts for another model, and for which (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.backends.registry import BACKENDS
from modelscan.catalog.naming.identity import resolve
from modelscan.catalog.naming.lookup import Lookup
from modelscan.catalog.naming.names import split_owner, unwrap
from modelscan.errors import ModelAmbiguous, ModelNotFound
from modelscan.model import Model
from modelscan.parsing.regex import regex

_APART = regex(r"[\s_/-]+|\.(?!\d)")
# Not DSpark: DeepSeek-V4-Flash-DSpark is a whole model, which has such layers of its own.
_METHOD = regex(r"p?eagle(?:\d(?:\.\d)?)?|dflash\d?|medusa|speculators?")
_OF_THE_DRAFTER = regex("|".join([*BACKENDS, r"specforge|dspark|b\d+|block\d+|mla|gqa|bf16|fp16|w4a16|gguf|v\d"]))
"""What names of drafters say of the drafter: for whom, by what, in which form."""


def drafted_by_name(query: str, index: Lookup) -> Model | None:
    """The model that `query` names a drafter of; None where the name says nothing of drafting, or of no one model."""
    parts = [part for part in _APART.split(split_owner(unwrap(query))[1].casefold()) if part]
    kept = [part for part in parts if not _METHOD.fullmatch(part)]
    if len(kept) == len(parts):
        return None
    for name in _shorter(kept):
        try:
            found = resolve(name, index).model
        except (ModelNotFound, ModelAmbiguous):
            continue
        if found is not None and found.weights:
            return found
    return None


def _shorter(parts: list[str]) -> Iterator[str]:
    """The name as it is, then without what it says of the drafter itself."""
    yield " ".join(parts)
    yield " ".join(part for part in parts if not _OF_THE_DRAFTER.fullmatch(part))
