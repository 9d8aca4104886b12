"""Readers of single values of an entry: each gives the value, or raises ValueError with what it must be.

A message never repeats the value: it reaches logs, and the value may be a secret.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from modelscan.backends.arguments.allowed import refuse_secrets
from modelscan.backends.arguments.placeholders import PLACEHOLDERS, unknown_placeholder
from modelscan.backends.registry import BACKENDS
from modelscan.errors import Usage
from modelscan.parsing import fields
from modelscan.parsing.regex import regex
from modelscan.parsing.text import is_harmless
from modelscan.registry.files import SHIPPED
from modelscan.registry.words import TYPES, runtimes, type_of
from modelscan.weights.address import is_s3

_ID = regex(r"[A-Za-z0-9][\w.+:@-]*(?:/[A-Za-z0-9_][\w.+:@-]*){0,4}", re.ASCII)
_DOTTED = regex(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_VARIABLE = regex(r"[A-Za-z_]\w*", re.ASCII)
_SIZE = regex(r"\s*(\d{1,16}(?:\.\d{1,9})?)\s*(?:([kmgt])(i?)(b?)|b)?\s*", re.IGNORECASE | re.ASCII)
_LONGEST_ID, _LONGEST_TEXT, _LONGEST_ARGUMENT, _MOST_ARGUMENTS = 200, 2_000, 8_000, 200
_LARGEST_MEMORY, _MOST_AT_ONCE, _HOTTEST = 1 << 50, 100_000, 2.0  # a pebibyte; OpenAI's bound of the temperature
_POOLINGS = {"mean": "mean", "cls": "cls", "last_token": "last_token", "last": "last_token"}


def model_id(value: Any) -> str:
    """What a model is called: no path, no option, no address."""
    if not isinstance(value, str) or len(value) > _LONGEST_ID or not _ID.fullmatch(value) or ".." in value:
        raise ValueError("must be a name such as `owner/name` or `name:tag`: letters, digits, `. _ - + : @` and `/`")
    return value


def line(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text")
    text = value.strip()
    if not text or len(text) > _LONGEST_TEXT:
        raise ValueError(f"must have 1 to {_LONGEST_TEXT} characters")
    if not is_harmless(text) or "\n" in text or "\t" in text:
        raise ValueError("has control characters or line breaks")
    return text


def paragraph(value: Any) -> str:
    """Text that may have line breaks; an empty one says nothing."""
    if not isinstance(value, str):
        raise TypeError("must be text")
    if len(value) > _LONGEST_TEXT:
        raise ValueError(f"must have at most {_LONGEST_TEXT} characters")
    if not is_harmless(value):
        raise ValueError("has control characters")
    return value.strip()


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def model_type(value: Any) -> str:
    found = type_of(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"must be one of {', '.join(TYPES)}")
    return found


def runtime(value: Any) -> str:
    if not isinstance(value, str) or value not in runtimes():
        raise ValueError(f"must be one of {', '.join(runtimes())}")
    return value


def memory(value: Any) -> int:
    """Bytes: `KiB`, `Ki` and `K` are powers of 1024, `KB` is one of 1000."""
    rule = "must be a size such as `20GiB`, `8GB` or a number of bytes"
    is_size = isinstance(value, int | str) and not isinstance(value, bool) and len(str(value)) < _LONGEST_ID
    found = _SIZE.fullmatch(str(value)) if is_size else None
    if found is None:
        raise ValueError(rule)
    letter, i, b = (found[2] or "").lower(), found[3], found[4]
    base = 1000 if letter and b and not i else 1024
    size = int(Decimal(found[1]) * base ** ("kmgt".index(letter) + 1 if letter else 0))
    if not 0 < size <= _LARGEST_MEMORY:
        raise ValueError(f"{rule}, above 0 and at most 1 PiB")
    return size


def tokens(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= fields.LARGEST_CONTEXT:
        raise ValueError(f"must be a whole number of tokens, 1 to {fields.LARGEST_CONTEXT}")
    return value


def arguments(value: Any) -> tuple[str, ...]:
    """A flat list of words, or the older `{"args": [...]}`."""
    listed = value.get("args") if isinstance(value, Mapping) and set(value) == {"args"} else value
    if not isinstance(listed, list) or not all(isinstance(word, str) for word in listed):
        raise ValueError("must be a list of texts")
    if len(listed) > _MOST_ARGUMENTS or any(len(word) > _LONGEST_ARGUMENT for word in listed):
        raise ValueError(f"must have at most {_MOST_ARGUMENTS} words of at most {_LONGEST_ARGUMENT} characters")
    if not all(is_harmless(word) for word in listed):
        raise ValueError("has control characters")
    for word in listed:
        if (unknown := unknown_placeholder(word)) is not None:
            raise ValueError(f"has the unknown placeholder `{{{{.{unknown}}}}}`; known: {', '.join(PLACEHOLDERS)}")
    try:
        refuse_secrets(listed)
    except Usage as error:
        if error.cause:  # what holds a secret; other faults are the deployment's to name
            raise ValueError("holds a secret, which every user of the machine could read") from None
    return tuple(listed)


def count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_AT_ONCE:
        raise ValueError(f"must be a whole number, 1 to {_MOST_AT_ONCE}")
    return value


def temperature(value: Any) -> float:
    return _number(value, 0, _HOTTEST)


def share(value: Any) -> float:
    return _number(value, 0, 1)


def _number(value: Any, low: float, high: float) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:
        raise ValueError(f"must be a number from {low:g} to {high:g}")
    return float(value)


def pooling(value: Any) -> str:
    if value not in _POOLINGS:
        raise ValueError("must be one of mean, cls, last_token")
    return _POOLINGS[value]


def dotted(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_ID or not _DOTTED.fullmatch(value):
        raise ValueError("must be the dotted path of a class")
    return value


def address(value: Any) -> str:
    rule = "must be an address, `https://host/v1`, without user, password and query"
    text = line(value)
    try:
        parts = urlsplit(text)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(rule) from None
    plain = parts.username is None and not parts.query and not parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or not plain or not port_is_number:
        raise ValueError(rule)
    return text.rstrip("/")


def variable(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_ID or not _VARIABLE.fullmatch(value):
        raise ValueError("must be the name of an environment variable")
    return value


def repo(value: Any) -> str:
    text = line(value)
    if fields.repo(text) != text:
        raise ValueError("must be a repo, `owner/name`")
    return text


def folder(value: Any) -> str:
    """An absolute path, `~`, an address in S3, or a folder that comes with the program."""
    text = line(value)
    if not text.startswith(("/", "~", SHIPPED)) and not is_s3(text):
        raise ValueError("must be an absolute path or an `s3://` address")
    return text


def owner(value: Any) -> str:
    known = ("local", "openai", *BACKENDS)
    if value not in known:
        raise ValueError(f"must be one of {', '.join(known)}")
    return str(value)
