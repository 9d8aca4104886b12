"""Values taken out of a JSON file again, after its program has written it anew: by place, not by look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelscan.exports.editing.edits import Edit, EditRefused, applied
from modelscan.exports.editing.jsonc import JsonNode, scan, skip

_Path = tuple[str | int, ...]


def taken_out(before: str, after: str, now: str) -> str:
    """`now` with what the step from `before` to `after` put in taken out, and what it replaced put back.

    Objects that it made go when nothing else is in them; the text is empty when nothing is left of a file that it made.

    Raises EditRefused where a value that was put in has been changed.
    """
    old, new = scan(before), scan(after)
    if new is None:
        return now
    while (node := scan(now)) is not None:
        found = next(_ours(old, new, node, ()), None)
        if found is None:
            return "" if old is None and not node.value else now
        path, back = found
        if not path:
            return before
        now = applied(now, _cut(now, node, path) if back is None else _put_back(node, path, before, back))
    return now


def _ours(old: JsonNode | None, new: JsonNode, now: JsonNode, path: _Path) -> Iterator[tuple[_Path, JsonNode | None]]:
    """Where a value of ours stands, and what stood there before."""
    if old is not None and old.value in (new.value, now.value):
        return
    if now.value == new.value:
        yield path, old
    elif isinstance(new.value, dict) and isinstance(now.value, dict):
        yield from _ours_within(_named(old), _named(new), _named(now), path)
        if old is None and not now.value and path:
            yield path, None
    elif isinstance(new.value, list) and isinstance(now.value, list):
        yield from _ours_listed([] if old is None else old.value, new.value, now.value, path)
    else:
        raise _changed(path)


def _ours_listed(old: list[Any], new: list[Any], now: list[Any], path: _Path) -> Iterator[tuple[_Path, None]]:
    for item in new:
        if item in now and item not in old:
            yield (*path, now.index(item)), None
        elif item not in old and any(_are_of_one_name(item, other) for other in now):
            raise _changed(path)


def _are_of_one_name(one: Any, other: Any) -> bool:
    """Elements that are told apart by their first key, as ours are."""
    if not (isinstance(one, dict) and isinstance(other, dict) and one):
        return False
    key, value = next(iter(one.items()))
    return bool(other.get(key) == value)


def _ours_within(
    old: Mapping[str, JsonNode], new: Mapping[str, JsonNode], now: Mapping[str, JsonNode], path: _Path
) -> Iterator[tuple[_Path, JsonNode | None]]:
    for key, part in new.items():
        if key in now:
            yield from _ours(old.get(key), part, now[key], (*path, key))


def _named(node: JsonNode | None) -> dict[str, JsonNode]:
    return {} if node is None else {str(key): part for key, part in node.parts}


def _at(node: JsonNode, path: _Path) -> tuple[JsonNode, int]:
    """The object or list that holds the part at a path, and the part's place in it."""
    *way, last = path
    for step in way:
        node = node.parts[_place(node, step)][1]
    return node, _place(node, last)


def _place(node: JsonNode, step: str | int) -> int:
    if isinstance(step, int):
        return step
    return max(place for place, (key, _) in enumerate(node.parts) if key == step)


def _put_back(root: JsonNode, path: _Path, before: str, back: JsonNode) -> list[Edit]:
    holder, place = _at(root, path)
    there = holder.parts[place][1]
    return [Edit(there.start, there.end, before[back.start : back.end])]


def _cut(text: str, root: JsonNode, path: _Path) -> list[Edit]:
    """Without a part, the blanks before it, and one comma: its own, or that of the one before where it is the last."""
    holder, place = _at(root, path)
    start = holder.begins[place]
    while text[start - 1].isspace():
        start -= 1
    end = holder.parts[place][1].end
    comma = skip(text, end)
    if text[comma] == ",":
        return [Edit(start, comma + 1, "")]
    if place == 0:
        return [Edit(start, end, "")]
    comma = skip(text, holder.parts[place - 1][1].end)
    return [Edit(comma, comma + 1, ""), Edit(start, end, "")] if comma < start else [Edit(comma, end, "")]


def _changed(path: _Path) -> EditRefused:
    return EditRefused(f"`{'.'.join(map(str, path)) or 'the file'}` was changed")
