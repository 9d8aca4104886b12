"""The positions of the parts of routing.yaml in its text. Pure; built on PyYAML's nodes, which know their positions."""

from __future__ import annotations

from typing import Any

import yaml

from modelscan.parsing.problems import yaml_problem

Node = Any  # of PyYAML, whose types do not know `id`, `style` and `flow_style`
PATH = ("routing", "direct", "providers")


class RoutingDamaged(ValueError):
    """The text is not YAML, or not of the shape of a routing file."""


def _compose(text: str) -> Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise RoutingDamaged(yaml_problem(error)) from error


def find(text: str) -> list[Any]:
    """The nodes from the document down the path; None from where one is missing.

    Raises RoutingDamaged for a wrong shape.
    """
    found: list[Node | None] = [_compose(text)]
    for depth, key in enumerate(PATH):
        parent = found[-1]
        pair = None if parent is None or is_empty(parent) else pair_of(parent, key, depth)
        found.append(None if pair is None else pair[1])
    last = found[-1]
    if last is not None and not is_empty(last) and last.id != "sequence":
        raise RoutingDamaged(f"`{'.'.join(PATH)}` is not a list")
    return found


def pair_of(parent: Node, key: str, depth: int) -> tuple[Node, Node] | None:
    if parent.id != "mapping":
        raise RoutingDamaged(f"`{'.'.join(PATH[:depth]) or 'the file'}` is not a mapping")
    pairs = [(name, value) for name, value in parent.value if name.value == key]
    if len(pairs) > 1:
        raise RoutingDamaged(f"`{key}` occurs twice")
    return pairs[0] if pairs else None


def is_empty(node: Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null" or (node.id != "scalar" and not node.value)


def scalar_fields(node: Node) -> dict[str, Node]:
    if node.id != "mapping":
        return {}
    return {name.value: value for name, value in node.value if name.id == value.id == "scalar"}


def rest_of_line(text: str, index: int) -> str:
    return text[index : line_end(text, index)].strip()


def line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def line_end(text: str, index: int) -> int:
    """The index of the line break, or the end of the text."""
    found = text.find("\n", index)
    return len(text) if found < 0 else found


def content_end(text: str, node: Node) -> int:
    """The end of the line on which a node's last content stands."""
    end = _last_index(node)
    while end > 0 and text[end - 1] in " \r\n":
        end -= 1
    return line_end(text, end)


def _last_index(node: Node) -> int:
    if node.id == "scalar" or node.flow_style or not node.value:
        return int(node.end_mark.index)
    last = node.value[-1]
    if node.id == "sequence":
        return _last_index(last)
    key, value = last
    if value.start_mark.index < key.end_mark.index:  # an alias: the node stands where its anchor is
        return int(key.end_mark.index)
    return _last_index(value)
