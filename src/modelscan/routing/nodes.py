"""The positions of the parts of routing.yaml in its text. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from modelscan.parsing.problems import yaml_problem
from modelscan.parsing.yaml_nodes import Node, is_empty

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


def scalar_fields(node: Node) -> dict[str, Node]:
    if node.id != "mapping":
        return {}
    return {name.value: value for name, value in node.value if name.id == value.id == "scalar"}
