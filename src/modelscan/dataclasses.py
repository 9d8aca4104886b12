"""The standard library's `dataclasses` to a reader and to a type checker; at run time, classes that are made faster.

The library compiles six functions for every frozen class: half a millisecond on Python 3.11, at every start, for each
of the 145 classes of a plan. Here one is compiled, `__init__`, when an instance is made for the fifth time; the others
are shared.
Fields are always in slots, so no default is read from the class; `compare`, `repr` and `init` of a field do not count.
Who asks for fields in the library's own way, as pydantic does, has them made then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class _Factory:
    """What makes a field that is not given."""

    __slots__ = ("make",)

    def __init__(self, make: Any) -> None:
        self.make = make


if TYPE_CHECKING:
    from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
else:
    import importlib
    from operator import attrgetter

    _BEFORE_COMPILING = 4
    set_field = object.__setattr__
    MISSING = object()

    def field(*, default: Any = MISSING, default_factory: Any = MISSING) -> Any:
        return default if default_factory is MISSING else _Factory(default_factory)

    def dataclass(cls: type | None = None, /, *, slots: bool = False, kw_only: bool = False, **options: bool) -> Any:
        """The options mean what they mean there; without `slots` there is room for a `cached_property` beside them."""
        if cls is None:
            return lambda decorated: dataclass(decorated, slots=slots, kw_only=kw_only, **options)
        stated = vars(cls).get("__annotations__", {})
        own = {name: vars(cls).get(name, MISSING) for name, kind in stated.items() if "ClassVar" not in kind}
        kept = {name: item for name, item in vars(cls).items() if name not in {*own, "__dict__", "__weakref__"}}
        inherited = getattr(cls, "__given__", {})
        kept["__slots__"] = (*(name for name in own if name not in inherited), *(() if slots else ("__dict__",)))
        made = type(cls)(cls.__name__, cls.__bases__, kept)
        made.__given__ = given = {**inherited, **own}
        made.__match_args__ = tuple(given)
        made.__values__ = staticmethod(attrgetter(*given) if given else lambda _: ())
        made.__dataclass_fields__ = _Fields()
        made.__init__ = _first(made, kw_only=kw_only)
        for name, function in _shared(**options).items():
            if name not in kept:
                setattr(made, name, function)
        return made

    def is_dataclass(thing: object) -> bool:
        return hasattr(thing, "__given__")

    def fields(thing: Any) -> tuple[Any, ...]:
        return tuple(thing.__dataclass_fields__.values())

    def replace(value: Any, /, **changes: Any) -> Any:
        for name in value.__match_args__:
            if name not in changes:
                changes[name] = getattr(value, name)
        return type(value)(**changes)

    class _Fields:
        """Of a class, in the library's own form, when somebody asks for them."""

        def __get__(self, _: object, owner: type) -> dict[str, Any]:
            kinds: dict[str, str] = {}
            for base in reversed(owner.__mro__):
                kinds |= vars(base).get("__annotations__", {})
            library = _library()
            given = {
                name: library.field(default_factory=item.make) if isinstance(item, _Factory) else item
                for name, item in owner.__given__.items()
                if item is not MISSING
            }
            given |= {
                "__module__": owner.__module__,
                "__annotations__": {name: kinds[name] for name in owner.__given__},
            }
            plain = library.dataclass(init=False, repr=False, eq=False, kw_only=True)(type("plain", (), given))
            owner.__dataclass_fields__ = plain.__dataclass_fields__
            return plain.__dataclass_fields__

    def _first(made: type, *, kw_only: bool) -> Any:
        """Sets field by field for the first few instances, which are all that most classes of a command ever have:
        to compile `__init__` takes as long as thirty of them. What Python would refuse, the compiled one refuses.
        """
        given, left = made.__given__, iter(range(_BEFORE_COMPILING))

        def __init__(self: Any, *args: Any, **values: Any) -> None:  # noqa: N807
            if args or next(left, None) is None or not (values.keys() <= given.keys()):
                made.__init__ = _init(made, kw_only=kw_only)
                return made.__init__(self, *args, **values)
            for name, item in given.items():
                value = values.get(name, MISSING)
                if value is MISSING and (value := _default(item)) is MISSING:
                    made.__init__ = _init(made, kw_only=kw_only)
                    return made.__init__(self, **values)
                set_field(self, name, value)
            if hasattr(self, "__post_init__"):
                self.__post_init__()
            return None

        return __init__

    def _default(item: Any) -> Any:
        return item.make() if isinstance(item, _Factory) else item

    def _library() -> Any:
        """It loads `inspect`, a megabyte that supervisors do without."""
        return importlib.import_module("dataclasses")

    def _init(made: type, *, kw_only: bool) -> Any:
        known: dict[str, Any] = {"MISSING": MISSING}
        parameters, lines = ["self", *(["*"] if kw_only and made.__given__ else [])], []
        for name, item in made.__given__.items():
            known[f"set_{name}"] = getattr(made, name).__set__
            value = name
            if isinstance(item, _Factory):
                known[f"make_{name}"] = item.make
                value = f"make_{name}() if {name} is MISSING else {name}"
            known[f"default_{name}"] = MISSING if isinstance(item, _Factory) else item
            parameters.append(name if item is MISSING else f"{name}=default_{name}")
            lines.append(f" set_{name}(self, {value})")
        if hasattr(made, "__post_init__"):
            lines.append(" self.__post_init__()")
        exec(f"def __init__({', '.join(parameters)}):\n" + "\n".join(lines or [" pass"]), known)  # noqa: S102  our own
        known["__init__"].__qualname__ = f"{made.__qualname__}.__init__"
        return known["__init__"]

    def _shared(*, frozen: bool = False, order: bool = False, eq: bool = True) -> dict[str, Any]:
        """What needs no function of its own."""
        found: dict[str, Any] = {"__repr__": _repr}
        if eq:
            found |= {"__eq__": _equal, "__hash__": _hash if frozen else None}
        if order:
            found |= {"__lt__": _less}
        if frozen:
            found |= {"__setattr__": _refuse, "__delattr__": _refuse}
        return found

    def _repr(self: Any) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__qualname__}({said})"

    def _equal(self: Any, other: Any) -> bool:
        return self.__values__(self) == other.__values__(other) if type(self) is type(other) else NotImplemented

    def _less(self: Any, other: Any) -> bool:
        return self.__values__(self) < other.__values__(other) if type(self) is type(other) else NotImplemented

    def _hash(self: Any) -> int:
        return hash(self.__values__(self))

    def _refuse(_self: Any, name: str, *_: object) -> None:
        raise _library().FrozenInstanceError(f"cannot assign to field {name!r}")


def field_names(thing: Any) -> tuple[str, ...]:
    """The names alone, of a class or an instance, in order."""
    names: tuple[str, ...] = thing.__match_args__
    return names


def defaults(cls: Any) -> dict[str, Any]:
    """The default of each field, in order; MISSING for a field that is required or made by a factory."""
    return {name: MISSING if isinstance(item, _Factory) else item for name, item in cls.__given__.items()}


def factories(cls: Any) -> dict[str, Any]:
    """What makes a field that is not given, of the fields that have such a factory."""
    return {name: item.make for name, item in cls.__given__.items() if isinstance(item, _Factory)}


__all__ = ["MISSING", "dataclass", "defaults", "factories", "field", "field_names", "fields", "is_dataclass", "replace"]
