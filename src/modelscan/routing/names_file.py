"""`names.toml`: the user's aliases, fallbacks and weights."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from modelscan.errors import ConfigInvalid
from modelscan.routing.names import PublicNames
from modelscan.storage.files import translated

NAMES_FILE = "names.toml"  # beside routing.yaml
KINDS = ("aliases", "fallbacks", "weights")


def read_names(path: Path) -> PublicNames:
    """None of any where there is no file. Raises ConfigInvalid for a damaged one."""
    content = _parsed(path, text_of(path))
    unknown = set(content) - set(KINDS)
    aliases, fallbacks, weights = (content.get(kind, {}) for kind in KINDS)
    try:
        _check(not unknown, f"`{', '.join(sorted(unknown))}` is none of its tables: {', '.join(KINDS)}")
        _check(all(isinstance(table, dict) for table in (aliases, fallbacks, weights)), "each part must be a table")
        _check(all(isinstance(target, str) for target in aliases.values()), "an alias must lead to one name")
        lists = fallbacks.values()
        _check(
            all(isinstance(items, list) and all(isinstance(item, str) for item in items) for items in lists),
            "fallbacks must be a list of names",
        )
        _check(all(type(weight) is int and weight > 0 for weight in weights.values()), "a weight must be 1 or more")
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    lists_of = {name: tuple(items) for name, items in fallbacks.items()}
    return PublicNames(aliases=aliases, fallbacks=lists_of, weights=weights)


def text_of(path: Path) -> str:
    """Empty where there is no file."""
    with translated(path, verb="read"):
        try:
            return path.read_bytes().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _damaged(path, str(error)) from error


def _check(fine: bool, rule: str) -> None:
    if not fine:
        raise ValueError(rule)


def _damaged(path: Path, cause: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"`{path}` is damaged", cause=[cause], hints=[f"${{EDITOR:-vi}} '{path}'"], details={"path": str(path)}
    )
