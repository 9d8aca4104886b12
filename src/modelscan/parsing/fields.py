"""Lenient readers of untrusted values: an invalid one is None, never a guess (pure)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from modelscan.parsing.regex import regex
from modelscan.parsing.text import clean

# Smaller limits are placeholders or audio frames (31 entries of models.dev's build of 2026-07-01, e.g. whisper 448),
# larger ones are typing errors (6 entries, e.g. 99,999,999).
SMALLEST_CONTEXT, LARGEST_CONTEXT = 512, 20_000_000
# The largest model of the catalogs has 2.8e12 parameters (GPUStack 2.3.0).
_LARGEST_MODEL, _LARGEST_NUMBER = 10**15, 10**18
_DATE = regex(r"(\d{4})-(\d{2})(?:-(\d{2}))?")
_MONTHS, _DAYS, _FIRST_YEAR = 12, 31, 2015


def text(value: object) -> str | None:
    """Cleaned text; numbers are written out, since YAML turns an unquoted `0.20` into one."""
    if isinstance(value, str):
        return clean(value) or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def texts(value: object) -> tuple[str, ...]:
    """A list of texts, or one text for a list of one."""
    items = value if isinstance(value, list | tuple) else (value,)
    return tuple([found for item in items if (found := text(item))])


def flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def number(value: object) -> float | None:
    """A number of at least 0 that could count or cost something: not infinite, and not beyond 10**18."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST_NUMBER:
        return None
    return value


def count(value: object) -> int | None:
    """A whole number above 0."""
    found = number(value)
    return int(found) if found else None


def parameters(value: object, unit: int = 10**9) -> int | None:
    """How many parameters a model has, of which `value` is stated in `unit`."""
    stated = number(value)
    found = round(stated * unit) if stated else 0
    return found if 0 < found <= _LARGEST_MODEL else None


def context(value: object) -> int | None:
    """Tokens; placeholders and absurd figures are unknown."""
    found = count(value)
    return found if found and SMALLEST_CONTEXT <= found <= LARGEST_CONTEXT else None


def date(value: object) -> str | None:
    """`YYYY-MM-DD` or `YYYY-MM`; impossible dates and those before models existed (1970-01-01) are unknown."""
    return _date(str(value)) if value is not None else None


@functools.lru_cache(maxsize=10_000)
def _date(text: str) -> str | None:
    match = _DATE.match(text)
    if match is None or int(match[1]) < _FIRST_YEAR or not 1 <= int(match[2]) <= _MONTHS:
        return None
    if match[3] and not 1 <= int(match[3]) <= _DAYS:
        return None
    return match[0]


# A hub's own form: what begins with a dash is an option, what begins with a dot is a path.
_REPO = regex(r"\w[\w.-]*(?:/\w[\w.-]*)?")


def repo(value: object) -> str | None:
    """A repo at a hub, `owner/name` or one of the oldest without an owner."""
    found = text(value)
    return found if found and _REPO.fullmatch(found) else None


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
