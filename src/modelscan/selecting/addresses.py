"""What no model can be called: an address on a hub that is not one of a model, a name that no disk would take."""

from __future__ import annotations

import re
from pathlib import Path

from modelscan.errors import ModelNotFound
from modelscan.parsing.regex import regex
from modelscan.parsing.text import clean_line, is_harmless

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


_LONGEST, _LONGEST_PART = 2_000, 255  # the second one of Linux's file systems, in bytes


def refuse_impossible(reference: str) -> None:
    """Raise ModelNotFound for what is no name, no address and no folder, so that nobody is asked about it."""
    if len(reference) > _LONGEST or not is_harmless(reference) or _is_beyond_a_disk(reference):
        raise ModelNotFound(
            f"`{clean_line(reference, 80)}` cannot be the name of a model",
            hints=["modelscan catalog search WORDS"],
            details={"near": []},
        )


def _is_beyond_a_disk(reference: str) -> bool:
    try:
        path = Path(reference).expanduser()
    except RuntimeError:  # `~name` of nobody
        return True
    return any(len(part.encode()) > _LONGEST_PART for part in path.parts)


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
