"""Dataclasses to JSON documents and back, without a validation library: for our own files and our own output."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from modelscan import dataclasses

T = TypeVar("T")


def to_document(value: object) -> Any:
    """JSON data of a dataclass (or of lists, tuples and mappings of them). Every field is there, None as null."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_document(getattr(value, name)) for name in dataclasses.field_names(value)}
    if isinstance(value, Mapping):
        return {str(key): to_document(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_document(item) for item in value]
    return value


def from_document(cls: type[T], document: Mapping[str, Any]) -> T:
    """The dataclass of a document that `to_document` made, now or in an older version.

    Keys that the class no longer has are ignored, missing ones take the field's default. Raises KeyError or
    TypeError when the document is not one of ours.
    """
    hints = _hints(typing.cast("Any", cls))
    known = dataclasses.field_names(cls)
    values = {key: _read(hints[key], item) for key, item in document.items() if key in known}
    return cls(**values)


def checked_document(cls: type[T], document: Any) -> T:
    """The same for a document that may have been altered: TypeError also names a value of a wrong type."""
    check_types(cls, document)
    return from_document(cls, document)


def check_types(cls: type, document: Any, path: str = "") -> None:
    """Raise TypeError, naming the field, for a value that is of another type than the class says; others pass."""
    if not isinstance(document, Mapping):
        raise TypeError(f"{path.rstrip('.') or 'it'} is not an object")
    hints = _hints(typing.cast("Any", cls))
    for name in dataclasses.field_names(cls):
        if name in document and not _fits(hints[name], document[name], f"{path}{name}."):
            raise TypeError(f"{path}{name} has a value of a wrong type")


def _fits(hint: Any, value: Any, path: str) -> bool:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return any(_fits(argument, value, path) for argument in arguments)
    if origin is tuple:
        return isinstance(value, list | tuple) and all(_fits(arguments[0], item, path) for item in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_fits(arguments[1], item, path) for item in value.values())
    if dataclasses.is_dataclass(hint):
        if isinstance(value, Mapping):
            check_types(typing.cast("type", hint), value, path)
        return isinstance(value, Mapping)
    return hint is Any or _is_plain(hint, value)


def _is_plain(hint: Any, value: Any) -> bool:
    if typing.get_origin(hint) is typing.Literal:  # a newer version may know more words
        return type(value) in {type(word) for word in typing.get_args(hint)}
    accepted = (int, float) if hint is float else hint
    return isinstance(value, accepted) and (hint is bool or not isinstance(value, bool))


@functools.cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _read(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        inner = [argument for argument in arguments if argument is not type(None)]
        return _read(inner[0], value) if len(inner) == 1 else value
    if origin is tuple:
        return tuple(_read(arguments[0], item) for item in value)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return from_document(hint, value)
    return value
