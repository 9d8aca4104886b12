"""Edits our entries inside the user's own text of routing.yaml. Pure: text in, text out.

The text is edited in place, never rewritten, so that every other byte stays: comments, order, quotes, blank lines.
An entry is ours when the line of its name ends with the mark. The result is parsed again and compared: whatever the
user wrote must mean what it meant, or the edit is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from modelscan.dataclasses import dataclass
from modelscan.model import Route
from modelscan.parsing.regex import regex
from modelscan.parsing.yaml_nodes import Node, content_end, is_empty, line_end, line_start, rest_of_line
from modelscan.routing.marked import MARK
from modelscan.routing.nodes import PATH, RoutingDamaged, find, pair_of, scalar_fields
from modelscan.routing.table import changes

_FIELDS = ("type", "base_url", "model")
# Line breaks for YAML 1.1 that are none for an editor: a position after one cannot be trusted.
_ODD_BREAKS = regex("\r(?!\n)|[\x85\u2028\u2029]")
_PLAIN = regex(r"[A-Za-z0-9][A-Za-z0-9._/-]*(:[A-Za-z0-9._/-]+)*")


class NotEditable(ValueError):
    """It is a routing file, but written so that a line cannot be put in or taken out safely."""


@dataclass(frozen=True, slots=True)
class RouteEntry:
    """One item of the list. `route` is None for one that is not a mapping with a name; those are the user's."""

    node: Node
    route: Route | None

    @property
    def ours(self) -> bool:
        return self.route is not None and self.route.managed


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    new: str


def read_entries(text: str) -> tuple[RouteEntry, ...]:
    """The entries in their order. Raises RoutingDamaged."""
    providers = find(text)[-1]
    if providers is None or is_empty(providers):
        return ()
    return tuple(_entry(text, node) for node in providers.value)


def edit_text(text: str, wanted: Sequence[Route]) -> str:
    """The text in which our entries are those of `wanted`, but for names that an entry of the user has.

    Raises RoutingDamaged, NotEditable.
    """
    present = read_entries(text)
    plan = changes([entry.route for entry in present if entry.route is not None], wanted)
    if not (plan.add or plan.change or plan.drop):
        return text
    if _ODD_BREAKS.search(text):
        raise NotEditable("it has line breaks that are not those of a text file")
    rewritten = {route.name: route for route in plan.change}
    edits: list[_Edit] = []
    added = list(plan.add)
    kept = 0
    for entry in present:
        name = entry.route.name if entry.route is not None else ""
        if entry.ours and name in rewritten and (updates := _updates(entry, rewritten[name])) is not None:
            edits += updates
            kept += 1
        elif entry.ours and (name in plan.drop or name in rewritten):
            edits += _removal(text, entry)
            added += [rewritten[name]] if name in rewritten else []
        else:
            kept += 1
    if added:
        edits += _addition(text, present, added)
    elif not kept:
        edits.append(_empty_list(text))
    after = _apply(text, edits)
    _verify(text, after, wanted)
    return after


def block(routes: Sequence[Route], *, indent: int = 0, newline: str = "\n") -> str:
    """The lines of our entries, as they stand in the list."""
    lines = []
    for route in routes:
        lines.append(f"{' ' * indent}- name: {_scalar(route.name)}  {MARK}")
        lines += [f"{' ' * indent}  {field}: {_scalar(getattr(route, field))}" for field in _FIELDS]
    return "".join(line + newline for line in lines)


def _entry(text: str, node: Node) -> RouteEntry:
    fields = scalar_fields(node)
    if "name" not in fields:
        return RouteEntry(node, None)
    managed = node.value[0][0].value == "name" and rest_of_line(text, fields["name"].end_mark.index).startswith(MARK)
    values = {field: fields[field].value if field in fields else "" for field in _FIELDS}
    return RouteEntry(node, Route(name=fields["name"].value, managed=managed, **values))


def _updates(entry: RouteEntry, route: Route) -> list[_Edit] | None:
    """New values in their places; None when the entry has not all its fields."""
    fields = scalar_fields(entry.node)
    if not all(field in fields and fields[field].style not in {"|", ">"} for field in _FIELDS):
        return None
    return [
        _Edit(fields[field].start_mark.index, fields[field].end_mark.index, _scalar(getattr(route, field)))
        for field in _FIELDS
        if fields[field].value != getattr(route, field)
    ]


def _removal(text: str, entry: RouteEntry) -> Iterator[_Edit]:
    """Without the lines of an entry; comments among them stay, each on a line of its own."""
    start = line_start(text, entry.node.start_mark.index)
    if text[start : entry.node.start_mark.index].strip(" ") != "-":
        raise NotEditable("an entry of ours does not begin on a line of its own")
    end = content_end(text, entry.node)
    ends = {line_start(text, value.end_mark.index): value.end_mark.index for _, value in entry.node.value}
    while start < end:
        stop = min(line_end(text, start) + 1, len(text))
        line = text[start:stop]
        if not line.strip().startswith("#"):
            comment = rest_of_line(text, ends[start]) if start in ends else ""
            indent = line[: len(line) - len(line.lstrip(" "))]
            kept = comment.startswith("#") and comment != MARK
            yield _Edit(start, stop, f"{indent}{comment}{line[len(line.rstrip()) :]}" if kept else "")
        start = stop


def _addition(text: str, present: Sequence[RouteEntry], added: Sequence[Route]) -> list[_Edit]:
    found = find(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    providers = found[-1]
    if present:
        return [_after_the_last(text, providers, present, added, newline)]
    depth = max(number for number, node in enumerate(found) if number == 0 or node is not None)
    node = found[depth]
    missing = PATH[depth:]
    if depth > 0 and is_empty(node):
        key, _ = pair_of(found[depth - 1], PATH[depth - 1], depth - 1) or (None, None)
        assert key is not None  # noqa: S101  `find` found its value
        column, position = key.start_mark.column + 2, line_end(text, max(key.end_mark.index, node.end_mark.index))
        edits = _without_value(text, key, node)
    elif node is None or is_empty(node):
        if node is not None and node.start_mark.index != node.end_mark.index:
            raise NotEditable("it holds an empty value instead of lines")
        column, position, edits = 0, len(text), []
    else:
        if node.flow_style:
            raise NotEditable(f"`{'.'.join(PATH[:depth]) or 'the file'}` is written in braces")
        column, position, edits = node.start_mark.column, content_end(text, node), []
    lines = _scaffold(missing, column, newline, with_mode=depth == 0 or (depth == 1 and is_empty(node)))
    inner = column + 2 * len(missing)
    return [*edits, _insertion(text, position, lines + block(added, indent=inner, newline=newline), newline)]


def _scaffold(missing: Sequence[str], column: int, newline: str, *, with_mode: bool) -> str:
    lines = []
    for number, key in enumerate(missing):
        indent = " " * (column + 2 * number)
        if key == "direct" and with_mode:
            lines.append(f"{indent}mode: direct")
        lines.append(f"{indent}{key}:")
    return "".join(line + newline for line in lines)


def _after_the_last(
    text: str, providers: Node, present: Sequence[RouteEntry], added: Sequence[Route], newline: str
) -> _Edit:
    start = providers.start_mark.index
    if providers.flow_style or text[start : start + 1] != "-" or text[line_start(text, start) : start].strip(" "):
        raise NotEditable(f"`{'.'.join(PATH)}` is not written with one entry a line")
    column = providers.start_mark.column
    position = content_end(text, present[-1].node)
    while position < len(text):  # comments that stand deeper than the dash belong to the last entry
        line = text[position + 1 : line_end(text, position + 1)]
        stripped = line.lstrip(" ")
        if not stripped.startswith("#") or len(line) - len(stripped) <= column:
            break
        position = line_end(text, position + 1)
    return _insertion(text, position, block(added, indent=column, newline=newline), newline)


def _insertion(text: str, position: int, lines: str, newline: str) -> _Edit:
    """After the line that ends there; a last line without a break gets one."""
    if position < len(text):
        return _Edit(position + 1, position + 1, lines)
    return _Edit(position, position, lines if not text or text.endswith("\n") else newline + lines)


def _without_value(text: str, key: Node, value: Node) -> list[_Edit]:
    """Without an explicit empty value (`[]`, `{}`, `null`), so that lines can follow."""
    start, end = value.start_mark.index, value.end_mark.index
    if start == end:
        return []
    if "\n" in text[key.end_mark.index : end]:
        raise NotEditable(f"the empty value of `{key.value}` is not on its line")
    while text[start - 1] == " ":
        start -= 1
    return [_Edit(start, end, "")]


def _empty_list(text: str) -> _Edit:
    """The list has lost its last entry: say so, as nothing at all would be another value."""
    found = find(text)
    key, _ = pair_of(found[-2], PATH[-1], len(PATH) - 1) or (None, None)
    assert key is not None  # noqa: S101  it had entries
    colon = text.index(":", key.end_mark.index) + 1
    return _Edit(colon, colon, " []")


def _apply(text: str, edits: Sequence[_Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def _scalar(value: str) -> str:
    if _PLAIN.fullmatch(value) and yaml.safe_load(value) == value:
        return value
    return str(yaml.dump(value, default_style='"', width=2**30, allow_unicode=True)).strip()


def _verify(before: str, after: str, wanted: Sequence[Route]) -> None:
    try:
        same = _users_part(before) == _users_part(after)
        ours = {entry.route for entry in read_entries(after) if entry.ours}
    except RoutingDamaged as damaged:
        raise NotEditable("its lines cannot be told apart safely") from damaged
    users = {entry.route.name for entry in read_entries(before) if entry.route is not None and not entry.ours}
    if not same or ours != {route for route in wanted if route.name not in users}:
        raise NotEditable("its lines cannot be told apart safely")


def _users_part(text: str) -> str:
    """What the text means without our entries and without the frame that we make for them."""
    flags = [entry.ours for entry in read_entries(text)]
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise RoutingDamaged("it holds a value that cannot be read") from error
    document = document if isinstance(document, dict) else {}
    routing = {"mode": "direct", **(document.get("routing") or {})}
    direct = dict(routing.get("direct") or {})
    providers = direct.pop("providers", None) or []
    if len(providers) != len(flags):
        raise RoutingDamaged("its list comes from a merge")
    users = [item for item, ours in zip(providers, flags, strict=True) if not ours]
    rest = {key: value for key, value in document.items() if key != "routing"}
    routing.pop("direct", None)
    return repr((rest, routing, direct, users))
