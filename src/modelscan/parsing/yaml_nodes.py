"""Where the parts of a YAML text stand. Built on PyYAML's nodes, which know their positions."""

from __future__ import annotations

from typing import Any

Node = Any  # of PyYAML, whose types do not know `id`, `style` and `flow_style`


def is_empty(node: Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null" or (node.id != "scalar" and not node.value)


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
