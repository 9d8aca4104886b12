"""`--quantization`: words in any case, more than a help text can list."""

from __future__ import annotations

from typing import Any

import typer

from modelscan.model.words import GGUF_QUANTIZATIONS, QUANTIZATIONS

_ALL = QUANTIZATIONS + GGUF_QUANTIZATIONS


def _usual(value: str | None) -> str | None:
    """The word in its usual spelling. Raises a usage error that lists the words."""
    if value is None:
        return None
    word = value.upper()
    if word not in _ALL:
        known = ", ".join(QUANTIZATIONS)
        raise typer.BadParameter(f"`{value}` is not one of {known} or a GGUF name such as Q4_K_M")
    return word


def _complete(incomplete: str) -> list[str]:
    return [word for word in _ALL if word.startswith(incomplete.upper())]


def quantization_option(panel: str | None = None) -> Any:
    return typer.Option(
        "--quantization",
        help=f"Quantization of the weights: {', '.join(QUANTIZATIONS)}, or a GGUF name.",
        metavar="FP8",
        callback=_usual,
        autocompletion=_complete,
        rich_help_panel=panel,
    )
