"""JSON as editors keep their settings in it: with comments and trailing commas. Where each part of it stands."""

from __future__ import annotations

import json
import re
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.exports.editing.edits import EditRefused
from modelscan.parsing.regex import regex

_BETWEEN = regex(r"(?:\s|\ufeff|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_LAST_COMMENT = regex(r".*(?://[^\r\n]*|\*/)", re.DOTALL)
_STRING = regex(r'"(?:[^"\\\n]|\\.)*"')
_WORD = regex(r"[\w.+-]+")
_MOST_DEPTH = 100


@dataclass(frozen=True, slots=True)
class JsonNode:
    """A value from `start` to before `end`. An object's `parts` have keys, an array's None; each begins, with its key,
    where `begins` says. `comma` is where the one after the last part ends, where there is one; `full` is the end of
    what stands last before the closing bracket.
    """

    start: int
    end: int
    value: Any
    parts: tuple[tuple[str | None, JsonNode], ...] = ()
    begins: tuple[int, ...] = ()
    comma: int | None = None
    full: int = 0

    @property
    def is_object(self) -> bool:
        return isinstance(self.value, dict)


def scan(text: str) -> JsonNode | None:
    """The document; None where there is nothing but blanks and comments. Raises EditRefused."""
    start = skip(text, 0)
    if start == len(text):
        return None
    node = _node(text, start, 0)
    if skip(text, node.end) != len(text):
        raise _wrong(text, node.end)
    return node


def is_json(text: str) -> bool:
    try:
        return scan(text) is not None
    except EditRefused:
        return False


def _node(text: str, at: int, depth: int) -> JsonNode:
    if depth > _MOST_DEPTH:
        raise EditRefused("it is nested too deep")
    sign = text[at : at + 1]
    if sign in {"{", "["}:
        return _container(text, at, depth, named=sign == "{")
    token = _STRING.match(text, at) or _WORD.match(text, at)
    if token is None:
        raise _wrong(text, at)
    return JsonNode(at, token.end(), _value(text, token))


def _container(text: str, start: int, depth: int, *, named: bool) -> JsonNode:
    parts: list[tuple[str | None, JsonNode]] = []
    begins: list[int] = []
    comma, after, at = None, start + 1, skip(text, start + 1)
    while text[at : at + 1] != ("}" if named else "]"):
        if parts and comma is None:
            raise _wrong(text, at)
        begins.append(at)
        key, at = _key(text, at) if named else (None, at)
        node = _node(text, at, depth + 1)
        parts.append((key, node))
        comma, after, at = None, node.end, skip(text, node.end)
        if text[at : at + 1] == ",":
            comma = after = at + 1
            at = skip(text, at + 1)
    value: Any = {key: node.value for key, node in parts} if named else [node.value for _, node in parts]
    last = _LAST_COMMENT.match(text, after, at)
    return JsonNode(start, at + 1, value, tuple(parts), tuple(begins), comma, last.end() if last else after)


def _key(text: str, at: int) -> tuple[str, int]:
    token = _STRING.match(text, at)
    if token is None:
        raise _wrong(text, at)
    colon = skip(text, token.end())
    if text[colon : colon + 1] != ":":
        raise _wrong(text, colon)
    return str(_value(text, token)), skip(text, colon + 1)


def _value(text: str, token: re.Match[str]) -> Any:
    try:
        return json.loads(token[0])
    except ValueError:
        raise _wrong(text, token.start()) from None


def skip(text: str, at: int) -> int:
    """Where the next part begins: behind blanks and comments."""
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _wrong(text: str, at: int) -> EditRefused:
    return EditRefused(f"line {text.count(chr(10), 0, at) + 1} is not JSON")
