"""How a section declares its keys: a dataclass whose fields carry what the reference and the reading need.

Every start makes these classes: without `__eq__` and `__repr__`, which nobody asks of them, in two thirds of the time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from modelscan.errors import ConfigInvalid


class DeclaredSetting(NamedTuple):
    """A key that users set, dotted as in config.toml; `doc` is its line of the reference."""

    key: str
    default: Any
    env: str
    doc: str
    read: Callable[[object], Any]

    def parse(self, value: object, place: str) -> Any:
        """The typed value. Raises ConfigInvalid that names `place`."""
        try:
            return self.read(value)
        except (ValueError, TypeError) as error:
            raise ConfigInvalid(
                f"`{self.key}` {error}, not `{value}`", cause=[f"set by {place}"], details={"place": place}
            ) from error


def setting(default: Any, read: Callable[[object], Any], *, env: str, doc: str) -> Any:
    """A field of a section. Its key is the section's name and its own."""
    return dataclasses.field(default=default, metadata={"read": read, "env": env, "doc": doc})


def sections(cls: type[Any]) -> dict[str, type[Any]]:
    """The sections within a class, by name."""
    found: dict[str, type[Any]] = {}
    for item in dataclasses.fields(cls):
        made: Any = item.default_factory
        if isinstance(made, type) and dataclasses.is_dataclass(made):
            found[item.name] = made
    return found


def declared(cls: type[Any], prefix: str = "") -> Iterator[DeclaredSetting]:
    """The settings of a class, and of the sections within it, in order."""
    within = sections(cls)
    for item in dataclasses.fields(cls):
        key = f"{prefix}{item.name}"
        if item.name in within:
            yield from declared(within[item.name], f"{key}.")
        elif "read" in item.metadata:
            yield DeclaredSetting(key, item.default, item.metadata["env"], item.metadata["doc"], item.metadata["read"])
