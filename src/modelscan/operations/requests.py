"""From the words of options to values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from modelscan.errors import Usage
from modelscan.units import parse_tokens

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET = re.compile(r"(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|CREDENTIAL|PRIVATE_?KEY)", re.IGNORECASE)


def parse_gpus(words: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The GPUs named by `--gpu 0,1`, and whether the word was `none`. Raises Usage."""
    parts = tuple(part.strip() for word in words for part in word.split(",") if part.strip())
    if any(part.lower() == "none" for part in parts):
        if len(parts) > 1:
            raise Usage("`--gpu none` cannot be combined with other GPUs", hints=["name the GPUs, or none of them"])
        return (), True
    return parts, False


def parse_context_length(text: str) -> int | Literal["max"]:
    """`32768`, `32k` or `max`. Raises Usage."""
    if text.lower() == "max":
        return "max"
    tokens = parse_tokens(text)
    if tokens < 1:
        raise Usage(f"`{text}` is not a context length", hints=["write it like `32768`, `32k` or `max`"])
    return tokens


def parse_env(words: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Variables for the backend: `K=V`, or `K` to pass on the one that is set.

    What is written here is stored and shown, so a name that looks like a secret is refused. Raises Usage.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not _NAME.fullmatch(name):
            raise Usage(f"`{name}` is not the name of a variable", hints=["write it like --env NAME=VALUE"])
        if _SECRET.search(name):
            raise Usage(
                f"`{name}` looks like a secret, which --env would store in plain text",
                hints=["for the endpoint's key: export MY_KEY=... and --api-key-env MY_KEY"],
            )
        if not equals:
            if name not in environ:
                raise Usage(f"the variable `{name}` is not set", hints=[f"export {name}=...", f"--env {name}=VALUE"])
            value = environ[name]
        found[name] = value
    return found
