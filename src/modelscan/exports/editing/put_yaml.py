"""Values and entries put into a YAML file; what else is there, comments too, stays as it is written.

The result is read again and compared: it must mean what the file meant, and what was put in, or the edit is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from modelscan.exports.editing.edits import Edit, EditRefused, applied
from modelscan.parsing.problems import NotThisFormat
from modelscan.parsing.regex import regex
from modelscan.parsing.yaml_nodes import Node, content_end, is_empty, line_end
from modelscan.parsing.yaml_text import load

# Line breaks for YAML 1.1 that are none for an editor: a position after one cannot be trusted.
_ODD_BREAKS = regex("\r(?!\n)|[\x85\u2028\u2029]")
_WIDE = 2**30


def put_scalars(text: str, values: Mapping[str, str]) -> list[Edit]:
    """Each value at its key of the mapping that is the file. Raises EditRefused."""
    root, before = _read(text)
    pairs = _pairs(root)
    edits, missing = [], []
    for key, value in values.items():
        if key not in pairs:
            missing.append(f"{key}: {_scalar(value)}")
        elif pairs[key].id != "scalar" or pairs[key].style in {"|", ">"}:
            raise EditRefused(f"`{key}` is not one value")
        elif pairs[key].value != value:
            start, end = pairs[key].start_mark.index, pairs[key].end_mark.index
            edits.append(Edit(start, end, _scalar(value) if start < end else f" {_scalar(value)}"))
    if missing:
        edits.append(_lines(text, _end(text, root), missing, 0))
    return _checked(text, edits, {**(before or {}), **values})


def put_entry(
    text: str, entry: Mapping[str, Any], *, called: str, note: str, under: str | None = None, head: Sequence[str] = ()
) -> list[Edit]:
    """An entry after the last of the list that is the file, or that is at the key `under` of it.

    `called` is the key that tells entries apart, `note` a comment above ours, `head` the first lines of a new file.
    Raises EditRefused, also where the user has an entry of the same name.
    """
    root, before = _read(text)
    items = _list(root, under)
    known = (before or {}).get(under) if under is not None else before
    for item in known or ():
        if isinstance(item, dict) and item.get(called) == entry[called]:
            if item == entry:
                return []
            raise EditRefused(f"you have an entry of your own called `{entry[called]}`")
    lines = [f"# {note}", *_entry_lines(entry)]
    if items is not None:
        if items.flow_style:
            raise EditRefused("its list is written in brackets")
        edits = [_lines(text, content_end(text, items.value[-1]), lines, items.start_mark.column)]
    elif under is None:
        edits = [_lines(text, _end(text, None), lines, 0)]
    else:
        edits = _under(text, root, under, lines, head)
    after: Any = [*(known or ()), dict(entry)]
    if under is not None:
        after = {**(_value("\n".join(head)) or {} if root is None else {}), **(before or {}), under: after}
    return _checked(text, edits, after)


def _under(text: str, root: Node | None, key: str, lines: Sequence[str], head: Sequence[str]) -> list[Edit]:
    """The list's first entry, below its key, which is made where it is missing."""
    indented = [f"  {line}" for line in lines]
    if key not in _pairs(root):
        return [_lines(text, _end(text, root), [*(head if root is None else ()), f"{key}:", *indented], 0)]
    empty = _pairs(root)[key]
    start, end = empty.start_mark.index, empty.end_mark.index
    if start == end:
        return [_lines(text, line_end(text, start), indented, 0)]
    rest = line_end(text, end)
    if text[end:rest].strip():
        raise EditRefused(f"a comment follows the empty `{key}`")
    return [Edit(start, end, (_newline(text) + _newline(text).join(indented)))]


def _read(text: str) -> tuple[Node | None, Any]:
    if _ODD_BREAKS.search(text):
        raise EditRefused("it has line breaks that are not those of a text file")
    value = _value(text)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return (None if root is None or (value is None and not text[root.start_mark.index :].strip()) else root), value


def _value(text: str) -> Any:
    try:
        return load(text, strict=True)
    except NotThisFormat as error:
        raise EditRefused(str(error)) from error


def _pairs(root: Node | None) -> dict[str, Node]:
    if root is None:
        return {}
    if root.id != "mapping" or root.flow_style:
        raise EditRefused("the file is not a mapping with one key a line")
    return {key.value: value for key, value in root.value}


def _list(root: Node | None, under: str | None) -> Node | None:
    """The node of the list; None where there is none yet, or nothing in it."""
    found = root if under is None else _pairs(root).get(under)
    if found is None or (under is not None and is_empty(found)):
        return None
    if found.id != "sequence" or not found.value:
        raise EditRefused(f"`{under}` is not a list" if under else "the file is not a list with entries")
    return found


def _entry_lines(entry: Mapping[str, Any]) -> list[str]:
    text = yaml.safe_dump([dict(entry)], sort_keys=False, width=_WIDE, allow_unicode=True)
    return str(text).splitlines()


def _end(text: str, root: Node | None) -> int:
    return len(text) if root is None else content_end(text, root)


def _lines(text: str, position: int, lines: Sequence[str], indent: int) -> Edit:
    """After the line that ends there; a last line without a break gets one."""
    newline = _newline(text)
    new = "".join(f"{' ' * indent}{line}{newline}" for line in lines)
    if position < len(text):
        return Edit(position + 1, position + 1, new)
    return Edit(position, position, new if not text.strip("\ufeff") or text.endswith("\n") else newline + new)


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _scalar(value: str) -> str:
    return str(yaml.safe_dump(value, width=_WIDE, allow_unicode=True)).removesuffix("...\n").strip()


def _checked(text: str, edits: list[Edit], wanted: Any) -> list[Edit]:
    if edits and _value(applied(text, edits)) != wanted:
        raise EditRefused("its lines cannot be told apart safely")
    return edits
