"""What an answer is bound to: a form, and tools that it may or must call."""

from __future__ import annotations

import re
from typing import Any

from modelscan_serving.handlers.checking import answering, names
from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.routes.request import ServedModel, flag

_FORMS = ("text", "json_object", "json_schema")
_CHOICES = ("none", "auto", "required")
_MOST_TOOLS = 128
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def form_of(body: dict[str, Any], model: ServedModel) -> dict[str, Any]:
    """`response_format` for the handler, where there is one. What would be answered as if it had not been asked is
    refused.
    """
    form = body.get("response_format")
    if form is None:
        return {}
    kind = form.get("type") if isinstance(form, dict) else None
    if kind not in _FORMS:
        raise ApiError(f"The `type` of `response_format` is one of {', '.join(_FORMS)}.", param="response_format")
    if kind == "text":
        return {}
    if not model.structured:
        raise ApiError(f"The model `{body['model']}` does not support structured outputs.", param="response_format")
    if kind == "json_schema":
        said = form.get("json_schema")
        if not isinstance(said, dict) or not isinstance(said.get("schema"), dict | bool):
            raise ApiError("`response_format` needs `json_schema`, with a `schema`.", param="response_format")
    return {"response_format": form}


def tools_of(body: dict[str, Any], model: ServedModel) -> dict[str, Any]:
    """`tools` and how they are to be chosen, where the answer may call any."""
    tools = body.get("tools") or []
    choice, name = _choice(body.get("tool_choice"))
    if not tools:
        if choice in {"none", "auto"}:
            return {}
        raise ApiError("`tool_choice` goes with `tools`.", param="tool_choice")
    if not all(names(method, "tools") for method in answering(model.handler)):
        raise ApiError(f"The model `{body['model']}` does not support `tools`.", param="tools")
    known = _names_of(tools)
    if name is not None and name not in known:
        raise ApiError(f"There is no tool `{name}`.", param="tool_choice")
    several = flag(body, "parallel_tool_calls", default=True)
    if choice == "none":
        return {}
    if choice != "auto" and not model.structured:
        raise ApiError(f"The model `{body['model']}` cannot be made to call a tool.", param="tool_choice")
    return {"tools": tools, "tool_choice": choice, "parallel_tool_calls": several}


def check_calls(message: dict[str, Any], index: int) -> None:
    """Raise ApiError for calls in a message that are none."""
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else [] if calls is None else [calls]:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not all(
            isinstance(function.get(key), str) for key in ("name", "arguments")
        ):
            raise ApiError(
                f"`messages[{index}].tool_calls` needs a `function` with name and arguments.", param="messages"
            )


def _choice(given: Any) -> tuple[Any, str | None]:
    """It, and the name of the tool that it names."""
    if given is None:
        return "auto", None
    if isinstance(given, str) and given in _CHOICES:
        return given, None
    function = given.get("function") if isinstance(given, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise ApiError(f"`tool_choice` is {', '.join(_CHOICES)}, or names a function.", param="tool_choice")
    return given, function["name"]


def _names_of(tools: Any) -> set[str]:
    if not isinstance(tools, list) or len(tools) > _MOST_TOOLS:
        raise ApiError(f"`tools` are up to {_MOST_TOOLS} tools.", param="tools")
    found = set()
    for index, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict):
            raise ApiError(f"`tools[{index}]` is of the type `function`, and has one.", param="tools")
        name, parameters = function.get("name"), function.get("parameters")
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name in found:
            raise ApiError(
                f"`tools[{index}]` needs a name of its own, of letters, digits, `_`, `-` and `.`.", param="tools"
            )
        if parameters is not None and not isinstance(parameters, dict):
            raise ApiError(f"The parameters of `tools[{index}]` are a JSON schema.", param="tools")
        found.add(name)
    return found
