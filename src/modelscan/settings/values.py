"""How values read, from a variable or from TOML. Each raises ValueError or TypeError that says what it must be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import TypeVar, cast, get_args

from modelscan.model.words import RestartPolicy

_Number = TypeVar("_Number", int, float)
_FLAGS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def _number(kind: Callable[[str], _Number], value: object, rule: str) -> _Number:
    try:
        return kind(str(value))
    except ValueError:
        raise ValueError(rule) from None


def text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    return value


def flag(value: object) -> bool:
    found = _FLAGS.get(str(value).strip().lower())
    if found is None:
        raise ValueError("must be true or false")
    return found


def seconds(value: object) -> float:
    number = _number(float, value, "must be a number of seconds above 0")
    if not 0 < number < float("inf"):
        raise ValueError("must be a number of seconds above 0")
    return number


def count(value: object) -> int:
    number = _number(int, value, "must be a whole number above 0")
    if number < 1:
        raise ValueError("must be a whole number above 0")
    return number


def port(value: object) -> int:
    number = _number(int, value, "must be a port, 1 to 65535")
    if not 1 <= number <= 65535:  # noqa: PLR2004  the range of TCP ports
        raise ValueError("must be a port, 1 to 65535")
    return number


def folders(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        return tuple(text(item) for item in value)
    return tuple(part for part in text(value).split(os.pathsep) if part)


def file_path(value: object) -> str:
    """A path; empty for none."""
    return text(value)


def names(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else text(value).split(",")
    return tuple(name for item in listed if (name := text(item).strip()))


def prefix(value: object) -> str:
    """The beginning of names of environment variables."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError("must be how names of environment variables begin")
    return value


def restart_policy(value: object) -> RestartPolicy:
    *most, last = known = get_args(RestartPolicy)
    if value not in known:
        raise ValueError(f"must be {', '.join(most)} or {last}")
    return cast("RestartPolicy", value)
