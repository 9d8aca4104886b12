"""Untrusted YAML: the fast safe loader, with limits on size, depth and merges.

The loader composes a document by recursion in C, which ends the process where the nesting is too deep, and writes
out merges (`<<`) of merges, of which forty lines make a billion pairs. So depth is looked at before, and merges are
counted while they are made.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from typing import Any

import yaml

from modelscan.parsing.located import Located, Path, Position, Unreadable
from modelscan.parsing.modest import is_modest
from modelscan.parsing.problems import NotThisFormat, yaml_problem
from modelscan.parsing.regex import regex
from modelscan.parsing.text import clean
from modelscan.units import format_bytes

MAX_BYTES = 4 * 1024**2  # thirty times GPUStack 2.3.0's file
_MAX_VALUES = 200_000  # lines and commas, forty times as many; values of a byte each take ten seconds for a megabyte
_MAX_NESTING = 200
_MAX_MERGED = 100_000  # pairs; GPUStack 2.3.0 merges some two thousand
_LONGEST_NUMBER = 100  # digits; `1:59:59…` is a number too, which takes the square of its length to read
# What opens a level: brackets anywhere, and at the beginning of a line the indentation with `-`, `?` and `:`.
_BRACKETS = (b"[", b"{")
_INDENTATION = regex(rb"^[ \t?:-]*", re.MULTILINE)
_MERGE = "tag:yaml.org,2002:merge"


def load(payload: bytes | str, *, strict: bool = False) -> Any:
    """The document, or NotThisFormat with YAML's own reason.

    A key that stands twice in a mapping is no YAML. Of a stranger's the last counts, as everywhere; `strict` is for a
    user's own file, where what stood first would be lost without a word.
    """
    content = payload.encode(errors="replace") if isinstance(payload, str) else payload
    if len(content) > MAX_BYTES:
        raise NotThisFormat(f"not a catalog's YAML: it is larger than {format_bytes(MAX_BYTES)}")
    if content.count(b",") + content.count(b"\n") > _MAX_VALUES:
        raise NotThisFormat("not a catalog's YAML: it has too many values")
    try:
        if _may_be_deep(content):
            _check_depth(content)
        return yaml.load(content, Loader=_loader(strict))  # noqa: S506  a safe one
    except NotThisFormat:
        raise
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise NotThisFormat(f"not YAML: {yaml_problem(error)}") from error


def load_located(payload: bytes) -> Located:
    """A user's own document with the place of each key. Raises Unreadable with the reason and the place."""
    try:
        if len(payload) > MAX_BYTES:
            raise Unreadable(f"it is larger than {format_bytes(MAX_BYTES)}")
        if _may_be_deep(payload):
            _check_depth(payload)
        loader = _loader(True)(payload)
        node = loader.get_single_node()
        value = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        raise Unreadable(clean(error.problem or str(error))[:200], _position(error.problem_mark)) from error
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(clean(str(error))[:200]) from error
    if not is_modest(value):
        raise Unreadable("it is too large, too deep or contains itself")
    return Located(value, dict(_places(node, ())))


def _position(mark: Any) -> Position | None:
    return None if mark is None else Position(mark.line + 1, mark.column + 1)


def _places(node: Any, path: Path) -> Iterator[tuple[Path, Position]]:
    """Of what a mapping merges and says itself too, what it says itself comes last and counts."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inside = (*path, str(key.value))
            yield inside, Position(key.start_mark.line + 1, key.start_mark.column + 1)
            yield from _places(value, inside)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            inside = (*path, number)
            yield inside, Position(value.start_mark.line + 1, value.start_mark.column + 1)
            yield from _places(value, inside)


def _may_be_deep(content: bytes) -> bool:
    """Whether a document could nest deeper than allowed, at a glance: another encoding is not glanced through."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    brackets = sum(content.count(bracket) for bracket in _BRACKETS)
    return brackets + 2 * max(map(len, _INDENTATION.findall(content)), default=0) > _MAX_NESTING


def _check_depth(content: bytes) -> None:
    """Read the document's events, which takes no recursion."""
    depth = 0
    for event in yaml.parse(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_NESTING:
                raise NotThisFormat("not a catalog's YAML: it is nested too deep")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


@functools.cache
def _loader(strict: bool) -> Any:
    """The safe loader with merges counted; what only looks like a date or a number stays the text that it is."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        merged = 0

        def __init__(self, stream: Any) -> None:
            super().__init__(stream)
            self.flat = set[int]()

        def flatten_mapping(self, node: Any) -> None:
            if strict and id(node) not in self.flat:
                self.flat.add(id(node))
                _check_keys(node)
            own = [pair for pair in node.value if pair[0].tag != _MERGE]
            merging = [value for key, value in node.value if key.tag == _MERGE]
            node.value = own  # before what it merges is looked at: that may be itself
            pairs: list[Any] = []
            for part in itertools.chain.from_iterable(map(_merged_mappings, merging)):
                self.flatten_mapping(part)
                self.merged += len(part.value) + 1
                if self.merged > _MAX_MERGED:
                    raise yaml.constructor.ConstructorError(None, None, "it merges too much", node.start_mark)
                pairs.extend(part.value)
            node.value = pairs + own

    def number(loader: Any, node: Any) -> Any:
        if len(node.value) > _LONGEST_NUMBER:
            return str(loader.construct_scalar(node))
        return yaml.SafeLoader.yaml_constructors[node.tag](loader, node)

    for kind in ("int", "float"):
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", number)
    for kind in ("timestamp", "value"):
        text = yaml.SafeLoader.yaml_constructors["tag:yaml.org,2002:str"]
        Loader.add_constructor(f"tag:yaml.org,2002:{kind}", text)
    return Loader


def _check_keys(node: Any) -> None:
    seen = set[str]()
    for key, _ in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE and key.value in seen:
            raise yaml.constructor.ConstructorError(None, None, f"`{key.value}` stands twice", key.start_mark)
        seen.add(str(key.value))


def _merged_mappings(value: Any) -> list[Any]:
    """What `<<` names, the weightiest last: of a list the first counts most, above all what the mapping says itself."""
    parts = list(reversed(value.value)) if isinstance(value, yaml.SequenceNode) else [value]
    for part in parts:
        if not isinstance(part, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "it merges what is no mapping", part.start_mark)
    return parts
