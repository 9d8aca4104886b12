"""Closed lists of words in help texts. The words are those of `model/words`: Typer takes their Literal as it is."""

from __future__ import annotations

from typing import Any, get_args


def one_of(words: Any) -> str:
    """For a help text: `no, on-failure or always`. As a metavar a long list would break in the middle of a word."""
    *most, last = get_args(words)
    return f"{', '.join(most)} or {last}"
