"""How a section declares its keys: a dataclass whose fields carry what the reference and the reading need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar, cast

from modelscan.dataclasses import factories, field_names, is_dataclass
from modelscan.errors import ConfigInvalid

T = TypeVar("T")


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


class _Declared(NamedTuple):
    default: Any
    read: Callable[[object], Any]
    env: str
    doc: str


def setting(default: Any, read: Callable[[object], Any], *, env: str, doc: str) -> Any:
    """A field of a section. Its key is the section's name and its own."""
    return _Declared(default, read, env, doc)


def declares(section: type[T]) -> type[T]:
    """Leave the fields of a section their defaults, and keep beside them what they declare."""
    stated = {name: item for name, item in vars(section).items() if isinstance(item, _Declared)}
    for name, item in stated.items():
        setattr(section, name, item.default)
    section.__declared__ = stated  # type: ignore[attr-defined]
    return section


def sections(cls: type[Any]) -> dict[str, type[Any]]:
    """The sections within a class, by name."""
    return {name: cast("type", make) for name, make in factories(cls).items() if is_dataclass(make)}


def declared(cls: type[Any], prefix: str = "") -> Iterator[DeclaredSetting]:
    """The settings of a class, and of the sections within it, in order."""
    within = sections(cls)
    for name in field_names(cls):
        key = f"{prefix}{name}"
        if name in within:
            yield from declared(within[name], f"{key}.")
        elif (stated := cls.__declared__.get(name)) is not None:
            yield DeclaredSetting(key, stated.default, stated.env, stated.doc, stated.read)
