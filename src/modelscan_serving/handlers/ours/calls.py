"""Calls of tools in the form of a chat template: `<tool_call>{"name": "…", "arguments": {…}}</tool_call>`.

The template is asked to write one, so that no list of models says which of them have this form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from modelscan_serving.handlers.ours.pieces import overlap
from modelscan_serving.handlers.protocols import BadInput, ToolCall

OPEN, CLOSE = "<tool_call>", "</tool_call>"
_BLOCK = re.compile(rf"{OPEN}(\s*)(.*?)(\s*){CLOSE}\s*", re.DOTALL)
_NAME, _ARGUMENTS = "look_up_a_word", {"word": "green"}
_FUNCTION = {
    "type": "function",
    "function": {
        "name": _NAME,
        "description": "Look up a word.",
        "parameters": {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]},
    },
}

Render = Callable[[list[dict[str, Any]], Sequence[dict[str, Any]]], str]
"""The text that a template makes of messages and tools."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """What stands between the marks and the object."""

    lead: str
    tail: str


def form_of(render: Render) -> Form | str:
    """Of the calls of a template, or why there is none: in words for a client, without their end."""
    ask = {"role": "user", "content": "What is green?"}
    made = {"id": "call00000", "type": "function", "function": {"name": _NAME, "arguments": _ARGUMENTS}}
    try:
        if _NAME not in render([ask], [_FUNCTION]):
            return "The chat template of the model knows no tools"
        text = render([ask, {"role": "assistant", "content": "", "tool_calls": [made]}], [_FUNCTION])
    except Exception:  # noqa: BLE001  a template may raise anything
        return "The chat template of the model refuses tools"
    for block in _BLOCK.finditer(text):
        if _call(block[2]) == ToolCall(_NAME, json.dumps(_ARGUMENTS)):
            return Form(lead=block[1], tail=block[3])
    return "The model writes calls of tools in a form that is not known here"


class Calls:
    """Takes calls out of a text that comes in pieces; nothing that may become one is said."""

    def __init__(self) -> None:
        self._held = ""
        self._begun = False

    def add(self, piece: str) -> str:
        """What can be said now."""
        self._held += piece
        if self._begun:
            return ""
        at = self._held.find(OPEN)
        self._begun = at >= 0
        cut = at if self._begun else len(self._held) - overlap(self._held, OPEN)
        said, self._held = self._held[:cut], self._held[cut:]
        return said

    def rest(self) -> tuple[str, list[ToolCall]]:
        """At the end: the text that is left, and the calls. What looks like a call and is none is text."""
        calls: list[ToolCall] = []

        def taken(block: re.Match[str]) -> str:
            if (call := _call(block[2])) is None:
                return block[0]
            calls.append(call)
            return ""

        return _BLOCK.sub(taken, self._held), calls


def with_objects(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The arguments of earlier calls as templates want them: objects, not JSON. Raises BadInput."""
    return [
        {**message, "tool_calls": [_with_object(call) for call in message["tool_calls"]]}
        if message.get("tool_calls")
        else message
        for message in messages
    ]


def _with_object(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    try:
        arguments = json.loads(function["arguments"] or "{}")
    except ValueError as error:
        raise BadInput(f"The arguments of a call of `{function['name']}` are not JSON: {error}.", "messages") from error
    return {**call, "function": {**function, "arguments": arguments}}


def _call(text: str) -> ToolCall | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("name"), str):
        return None
    arguments = found.get("arguments", {})
    return ToolCall(found["name"], json.dumps(arguments, ensure_ascii=False)) if isinstance(arguments, dict) else None
