"""Values put into a JSON file at their places; what else is there, comments too, stays as it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from modelscan.exports.editing.edits import Edit, EditRefused
from modelscan.exports.editing.jsonc import JsonNode, scan
from modelscan.parsing.regex import regex

Places = Mapping[tuple[str, ...], Any]
_INDENT = regex(r"[ \t]*")


def put_values(text: str, values: Places) -> list[Edit]:
    """Each value at its path of keys. Objects on the way are made where they are missing; a value that stands there is
    replaced whole, unless it is the same. Raises EditRefused.
    """
    root = scan(text)
    if root is None:
        return [_document(text, _tree(values))]
    edits: list[Edit] = []
    _merge(text, root, values, "the file", edits)
    return edits


def put_element(text: str, key: str, element: Mapping[str, Any]) -> list[Edit]:
    """The element of the list that is the whole file, in place of the one with the same `key`. Raises EditRefused."""
    root = scan(text)
    if root is None:
        return [_document(text, [element])]
    if not isinstance(root.value, list):
        raise EditRefused("the file is not a list")
    for _, node in root.parts:
        if node.is_object and node.value.get(key) == element[key]:
            return _replaced(text, node, element)
    return _appended(text, root, [(None, element)])


def _merge(text: str, node: JsonNode, values: Places, called: str, edits: list[Edit]) -> None:
    if not node.is_object:
        raise EditRefused(f"{called} is not an object")
    known = {key: part for key, part in node.parts}  # noqa: C416  the last of two counts, as for every reader
    missing: list[tuple[str | None, Any]] = []
    for key, inner in _by_first_key(values).items():
        if key not in known:
            missing.append((key, _tree(inner)))
        elif () in inner:
            edits += _replaced(text, known[key], inner[()])
        else:
            _merge(text, known[key], inner, f"`{key}`", edits)
    if missing:
        edits += _appended(text, node, missing)


def _by_first_key(values: Places) -> dict[str, dict[tuple[str, ...], Any]]:
    found: dict[str, dict[tuple[str, ...], Any]] = {}
    for (first, *rest), value in values.items():
        found.setdefault(first, {})[tuple(rest)] = value
    return found


def _tree(values: Places) -> Any:
    return values[()] if () in values else {key: _tree(inner) for key, inner in _by_first_key(values).items()}


def _replaced(text: str, node: JsonNode, value: Any) -> list[Edit]:
    if json.dumps(node.value, sort_keys=True) == json.dumps(value, sort_keys=True):
        return []
    inline = "\n" not in text[node.start : node.end] and bool(node.parts)
    return [Edit(node.start, node.end, _written(text, value, None if inline else _line_indent(text, node.start)))]


def _appended(text: str, node: JsonNode, parts: Sequence[tuple[str | None, Any]]) -> list[Edit]:
    """After the last part: on lines of their own, or within the line where the others stand in it too."""
    first = node.parts[0][1].start if node.parts else None
    if first is not None and "\n" not in text[node.start : first]:
        new = ", ".join(_part(text, key, value, None) for key, value in parts)
        if node.comma is not None:
            return [Edit(node.comma, node.comma, f" {new},")]
        return [Edit(node.parts[-1][1].end, node.parts[-1][1].end, f", {new}")]
    newline, outer = _newline(text), _line_indent(text, node.start)
    indent = outer + _unit(text) if first is None else _line_indent(text, first)
    lines = ",".join(f"{newline}{indent}{_part(text, key, value, indent)}" for key, value in parts)
    lines += "," if node.comma is not None else ""
    if "\n" not in text[node.full : node.end]:
        lines += newline + outer
    if not node.parts or node.comma is not None:
        return [Edit(node.full, node.full, lines)]
    end = node.parts[-1][1].end
    if end == node.full:
        return [Edit(end, end, f",{lines}")]
    return [Edit(end, end, ","), Edit(node.full, node.full, lines)]


def _document(text: str, value: Any) -> Edit:
    lead = "" if not text.strip("\ufeff") or text.endswith("\n") else _newline(text)
    return Edit(len(text), len(text), f"{lead}{_written(text, value, '')}{_newline(text)}")


def _part(text: str, key: str | None, value: Any, indent: str | None) -> str:
    return (f"{json.dumps(key, ensure_ascii=False)}: " if key is not None else "") + _written(text, value, indent)


def _written(text: str, value: Any, indent: str | None) -> str:
    """`indent` is that of the line on which it begins; None for one line."""
    if indent is None:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, indent=_unit(text)).replace("\n", _newline(text) + indent)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _unit(text: str) -> str:
    """One step of the file's own indentation."""
    found = re.search(r"[{\[][^\n]*\n([ \t]+)", text)
    return found[1] if found else "  "


def _line_indent(text: str, at: int) -> str:
    found = _INDENT.match(text, text.rfind("\n", 0, at) + 1)
    return found[0] if found else ""
