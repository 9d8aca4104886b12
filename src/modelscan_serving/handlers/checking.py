"""Whether a class can do what its task asks, by its signatures alone: weights take minutes to load."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any

from modelscan_serving.handlers import protocols

PROTOCOLS: Mapping[str, type] = {
    "embed": protocols.EmbeddingModel,
    "chat": protocols.ChatModel,
    "speech-to-text": protocols.SpeechModel,
    "rerank": protocols.RerankModel,
    "text-to-image": protocols.ImageModel,
}
CAPABILITIES: Mapping[str, tuple[str, ...]] = {
    "embed": ("text-embedding",),
    "chat": ("chat-completion",),
    "speech-to-text": ("audio-transcription",),
    "rerank": ("rerank",),
    "text-to-image": ("image-generation",),
}
_OPTIONAL = "cancel_event"


class BadHandler(Exception):
    """A class that cannot serve its task: one sentence."""


def check_class(name: str, found: Any, task: str, keys: Collection[str]) -> None:
    """Raise BadHandler where a class lacks a method of its task, a method lacks a parameter, or the class itself does
    not take the keys that it will be given.
    """
    if not inspect.isclass(found):
        raise BadHandler(f"`{name}` is no class")
    for method, wanted in _methods(PROTOCOLS[task]).items():
        own = getattr(found, method, None)
        if not callable(own) or own is getattr(PROTOCOLS[task], method):  # a class may inherit from the protocol
            raise BadHandler(f"`{name}` has no method `{method}`, which a model for {task} needs")
        lacking = [item for item in wanted if not takes(own, item) and item != _OPTIONAL]
        if lacking:
            raise BadHandler(f"`{name}.{method}` does not take `{'`, `'.join(lacking)}`")
    refused = [key for key in keys if not takes(found, key)]
    if refused:
        raise BadHandler(f"`{name}` does not take `{'`, `'.join(refused)}`")


def takes(function: Callable[..., Any], keyword: str) -> bool:
    """Whether a parameter of that name may be given; a `**` takes any."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return True
    return any(
        item.kind is item.VAR_KEYWORD or (item.name == keyword and item.kind is not item.POSITIONAL_ONLY)
        for item in parameters
    )


def names(function: Callable[..., Any], keyword: str) -> bool:
    """Whether it has a parameter of that name; a `**` is none."""
    try:
        found = inspect.signature(function).parameters.get(keyword)
    except (ValueError, TypeError):
        return False
    return found is not None and found.kind in {found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY}


def answering(handler: Any) -> list[Callable[..., Any]]:
    """The methods by which a handler for chat answers."""
    found = (getattr(handler, name, None) for name in ("generate", "generate_stream"))
    return [method for method in found if method is not None]


def accepted(function: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the options that a function takes."""
    return {name: value for name, value in options.items() if takes(function, name)}


def _methods(protocol: type) -> dict[str, list[str]]:
    """The methods of a protocol, each with its keywords; what comes before them is given by position."""
    found = {}
    for name, member in vars(protocol).items():
        if not name.startswith("_") and inspect.isfunction(member):
            parameters = inspect.signature(member).parameters.values()
            found[name] = [item.name for item in parameters if item.kind is item.KEYWORD_ONLY]
    return found
