"""What is an address on a hub, but not one of a model."""

from __future__ import annotations

import re

from modelscan.errors import ModelNotFound
from modelscan.parsing.regex import regex

_KINDS = {
    "datasets": "a dataset",
    "spaces": "a space",
    "collections": "a collection",
    "papers": "a paper",
    "blog": "a blog post",
    "docs": "a page of the documentation",
    "learn": "a course",
    "posts": "a post",
    "buckets": "a bucket",
    "kernels": "a kernel",
    "studios": "a studio",  # ModelScope's spaces
}
_ADDRESS = regex(
    rf"(?:(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co|hf-mirror\.com|modelscope\.(?:cn|ai))/|hf://)"
    rf"(?P<kind>{'|'.join(_KINDS)})(?:/|$)",
    re.IGNORECASE,
)
# Without a host only where it can be no repo, which has two parts.
_PATH = regex(r"(?P<kind>datasets|spaces|collections|studios)/[\w.-]+/[\w.-]+(?:/.*)?", re.IGNORECASE)


def refuse_other_addresses(reference: str) -> None:
    """Raise ModelNotFound for the address of something that is not a model."""
    text = reference.strip()
    found = _ADDRESS.match(text) or _PATH.fullmatch(text)
    if found is None:
        return
    kind = _KINDS[found["kind"].lower()]
    raise ModelNotFound(
        f"`{text}` is the address of {kind}, not of a model",
        hints=["name a model, such as: modelscan plan OWNER/NAME", "modelscan catalog search WORDS"],
        details={"reference": text, "kind": found["kind"].lower()},
    )
