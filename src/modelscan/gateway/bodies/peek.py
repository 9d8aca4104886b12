"""The model that a JSON body names. Pure.

A body is read as its endpoint will read it, whatever parser that has: a second key `model`, one in other capitals (Go
takes those too) or written with escapes is refused, since the two might not take the same one. Small bodies are parsed.
Parsing a large one would hold up every stream, so it is only searched where the search can be trusted: an escaped quote
cannot match, so a key `model` that is found exactly once in the whole body is the only one, and what stands before or
after it says whether it is the outermost object's.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import msgspec

PARSED_BYTES = 65_536  # parsing that much takes 0.5 ms; a search of a megabyte as long

_WORD = b'"model"'
# `model` in any capitals, each letter as it is or as an escape.
_LETTERS = {"m": "dD", "o": "fF", "d": "4", "e": "5", "l": "cC"}
_KEY = re.compile(
    rb'(?<!\\)"'
    + b"".join(rb"(?:[%s%s]|\\u00[46][%s])" % (x.encode(), x.upper().encode(), _LETTERS[x].encode()) for x in "model")
    + b'"'
)
_IN_ANY_CAPITALS = re.compile(_WORD, re.IGNORECASE)
_VALUE = re.compile(rb'\s*:\s*("(?:[^"\\\x00-\x1f]|\\.)*")')
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_STREAM = re.compile(rb'(?<!\\)"stream"\s*:\s*true')


class BadBody(Exception):
    """A body that cannot be routed; `param` is the field at fault, `status` and `code` are what the client is told."""

    def __init__(
        self, message: str, *, param: str | None = None, status: int = 400, code: str = "invalid_body"
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.status = status
        self.code = code


class Peek(msgspec.Struct, frozen=True, gc=False):
    """`once`: the word `model` stands in the body but once, as the key, so that its value can be found by searching."""

    model: str
    stream: bool
    once: bool


class _Read(msgspec.Struct, gc=False):
    model: str | msgspec.UnsetType = msgspec.UNSET
    stream: Any = None


_DECODER = msgspec.json.Decoder(_Read)


def peek(body: bytes | bytearray) -> Peek | None:
    """What a body says, or None for a large one that has to be read whole (`read_whole`). Raises BadBody."""
    if len(body) > PARSED_BYTES:
        keys = list(itertools.islice(_KEY.finditer(body), 2))
        value = _VALUE.match(body, keys[0].end()) if keys else None
        one = len(keys) == 1 and keys[0].group() == _WORD
        return _searched(body, keys[0].start(), value) if one and value is not None else None
    if (b"\\" not in body or b"\\u00" not in body) and _IN_ANY_CAPITALS.findall(body) == [_WORD]:
        try:
            read = _DECODER.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return read_whole(body)  # the one parser may be stricter than the other
        if isinstance(read.model, str):
            return Peek(read.model, read.stream is True, True)
    return read_whole(body)


def _searched(body: bytes | bytearray, start: int, value: re.Match[bytes]) -> Peek | None:
    if not _is_outermost(body, start, value.end()):
        return None
    try:
        model = json.loads(value[1])
    except ValueError:
        return None
    return Peek(model, _STREAM.search(body) is not None, True)


def _is_outermost(body: bytes | bytearray, start: int, end: int) -> bool:
    """Whether what stands there belongs to the outermost object, told by the shorter side of it: clients put `model`
    first or last. False where both are long.
    """
    if start <= PARSED_BYTES:
        return _depth(_TOKENS.findall(body[:start])) == 1
    if len(body) - end > PARSED_BYTES:
        return False
    return _depth(_TOKENS.findall(body[end:])) == -1


def _depth(tokens: list[bytes]) -> int:
    return sum((token in {b"{", b"["}) - (token in {b"}", b"]"}) for token in tokens)


def value_of_model(body: bytes | bytearray) -> tuple[int, int]:
    """Where it stands, quotes included, in a body that has the word once."""
    value = _VALUE.match(body, body.index(_WORD) + len(_WORD))
    assert value is not None  # noqa: S101  it was found when the body was looked at
    return value.span(1)


def read_whole(body: bytes | bytearray) -> Peek:
    """The same by parsing all of it: a few milliseconds for a megabyte. Raises BadBody."""
    outermost: list[tuple[str, Any]] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        outermost[:] = pairs  # the last one to be complete is the outermost
        return dict(pairs)

    try:
        content = json.loads(body, object_pairs_hook=object_of)
    except (ValueError, RecursionError) as error:
        raise BadBody(f"the body is not valid JSON: {str(error)[:200]}") from None
    if not isinstance(content, dict):
        raise BadBody("the body must be a JSON object")
    named = [key for key, _ in outermost if key.lower() == "model"]
    if not named:
        raise BadBody("the body must name a `model`", param="model")
    if named != ["model"]:
        raise BadBody("the body must name its `model` once", param="model")
    if not isinstance(content["model"], str):
        raise BadBody("`model` must be a string", param="model")
    return Peek(content["model"], content.get("stream") is True, False)
