"""Untrusted text made harmless: no control characters and no bidirectional controls."""

from __future__ import annotations

import math
from typing import Any

from modelscan.parsing.regex import regex

# C0 and C1 controls (escape sequences begin with one), the bidirectional controls of Unicode's UAX 9, zero-width
# characters that make two names look alike, line separators, the byte-order mark and lone surrogates.
_HARMFUL = regex(
    "[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u00ad\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ud800-\\udfff]"
)
_SPACES = regex(r"\s+")
MAX_LENGTH = 2_000


def clean(text: str) -> str:
    """One line without harmful characters, at most `MAX_LENGTH` characters long."""
    # Nearly all text is clean already, and a refresh cleans some hundred thousand of them.
    if text.isascii() and text.isprintable() and len(text) <= MAX_LENGTH and "  " not in text:
        return text.strip()
    return _SPACES.sub(" ", _HARMFUL.sub("", text[: MAX_LENGTH * 2])).strip()[:MAX_LENGTH]


def is_harmless(text: str) -> bool:
    """Whether cleaning would take nothing out; line breaks and tabs may stay."""
    return _HARMFUL.search(text) is None


def clean_argument(text: str) -> str:
    """As `clean`, but inner spaces stay as they are: an argument may hold JSON."""
    return _HARMFUL.sub("", text[: MAX_LENGTH * 4]).replace("\n", " ").replace("\t", " ")


def clean_line(text: str, longest: int = 1_000) -> str:
    """A line of a message: no harmful character, no line break, cut where it is longer than a reader reads.

    Unlike `clean` it keeps inner spaces, which align what is shown.
    """
    if text.isascii() and text.isprintable() and len(text) <= longest:
        return text
    found = _HARMFUL.sub("", text[: longest * 2]).replace("\n", " ").replace("\t", " ")
    return found if len(found) <= longest else f"{found[: longest - 1]}…"


def clean_tree(value: Any) -> Any:
    """JSON data with every text in it cleaned, keys too; what is no number is a text."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): clean_tree(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_tree(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, bool | int) else clean(str(value))
