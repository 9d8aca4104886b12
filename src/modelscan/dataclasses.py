"""The standard library's `dataclasses`, which msgspec accelerates where it can be imported.

The library compiles six functions for every frozen class: half a millisecond each, at every start, for the 145 classes
of a plan. msgspec makes classes and instances in C. The supervisor, which starts without site-packages to stay small,
has the library's own. What msgspec cannot do is not used: `compare`, `repr`, `init` and `metadata` of a field, and a
default read from the class.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING or importlib.util.find_spec("msgspec") is None:
    from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
else:
    from msgspec import NODEFAULT as MISSING
    from msgspec import Struct, field
    from msgspec.structs import replace

    class _Field(NamedTuple):
        name: str
        default: Any
        default_factory: Any

    def dataclass(cls: type | None = None, /, *, slots: bool = True, **options: bool) -> Any:
        """The class made anew as a Struct: `frozen`, `kw_only`, `order` and `eq` mean what they mean there."""
        if cls is None:
            return lambda decorated: dataclass(decorated, slots=slots, **options)
        if issubclass(cls, Struct):  # its base's metaclass has made it, as frozen as the base is
            return cls
        content = {name: item for name, item in vars(cls).items() if name not in {"__dict__", "__weakref__"}}
        bases = tuple(Struct if base is object else base for base in cls.__bases__)
        return type(Struct)(cls.__name__, bases, content, dict=not slots, **options)

    def is_dataclass(thing: object) -> bool:
        return hasattr(thing, "__struct_fields__")

    def fields(thing: Any) -> tuple[_Field, ...]:
        names, defaults = thing.__struct_fields__, thing.__struct_defaults__
        return tuple(map(_described, names, (MISSING,) * (len(names) - len(defaults)) + defaults))

    def _described(name: str, default: Any) -> _Field:
        factory = getattr(default, "factory", MISSING)
        return _Field(name, default if factory is MISSING else MISSING, factory)


def field_names(thing: Any) -> tuple[str, ...]:
    """The names alone, of a class or an instance, in order."""
    return tuple(item.name for item in fields(thing))


__all__ = ["MISSING", "dataclass", "field", "field_names", "fields", "is_dataclass", "replace"]
