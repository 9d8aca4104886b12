"""What a key of the declarative file may have as its value, and how that is read. Each raises ValueError that says what
it must be, or Usage in the words of the option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from modelscan.dataclasses import dataclass
from modelscan.model.words import GGUF_QUANTIZATIONS, QUANTIZATIONS
from modelscan.selecting.adapters.words import check_adapter
from modelscan.selecting.requests import (
    check_env_names,
    parse_context_length,
    parse_gpus,
    parse_idle_timeout,
)
from modelscan.units import parse_bytes

Schema = Mapping[str, Any]
_LARGEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Value:
    """`schema` is the fragment of the JSON Schema."""

    read: Callable[[Any], Any]
    schema: Schema


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("must be text: put it in quotes" if _is_scalar(value) else "must be text")
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _is_scalar(value: Any) -> bool:
    return isinstance(value, int | float)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("must be true or false")
    return value


def _whole(value: Any, most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1 or (most is not None and value > most):
        raise ValueError("must be a whole number above 0" if most is None else f"must be a number from 1 to {most}")
    return value


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError("must be a number above 0, at most 1")
    return float(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ValueError("must be a number of seconds above 0")
    return float(value)


def _scalar_text(value: Any, like: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"must be written like {like}")
    return str(value)


def _size(value: Any) -> int:
    size = parse_bytes(_scalar_text(value, "`8GiB`"))
    if size == 0:
        raise ValueError("must be written like `8GiB`")
    return size


def _texts(value: Any, of: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not all(isinstance(item, str) and item for item in listed):
        raise ValueError(f"must be a list of {of}")
    return tuple(listed)


def _gpus(value: Any) -> tuple[tuple[str, ...], bool]:
    """The GPUs, and whether none may be used."""
    listed = value if isinstance(value, list) else [value]
    if not listed or any(isinstance(item, bool) or not isinstance(item, str | int) for item in listed):
        raise ValueError("must name GPUs, like `[0, 1]`, or be `none`")
    return parse_gpus([str(item) for item in listed])


def _variables(value: Any) -> dict[str, str]:
    if isinstance(value, list) and all(isinstance(item, str) and "=" in item for item in value):
        value = dict(item.split("=", 1) for item in value)
    if not isinstance(value, Mapping):
        raise TypeError("must be a mapping, like `{NAME: value}`")
    for name, text in value.items():
        if isinstance(text, bool) or not isinstance(text, str | int):
            raise TypeError(f"has a value of `{name}` that must be text: put it in quotes")
    check_env_names(map(str, value))
    return {str(name): str(text) for name, text in value.items()}


def _adapters(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping):
        raise TypeError("must be a mapping, like `{sql: owner/repo}`")
    for name, place in value.items():
        check_adapter(str(name), _text(place))
    return {str(name): place for name, place in value.items()}


TEXT = Value(_text, {"type": "string", "minLength": 1})
FLAG = Value(_flag, {"type": "boolean"})
COUNT = Value(_whole, {"type": "integer", "minimum": 1})
PORT = Value(lambda value: _whole(value, _LARGEST_PORT), {"type": "integer", "minimum": 1, "maximum": _LARGEST_PORT})
SHARE = Value(_share, {"type": "number", "exclusiveMinimum": 0, "maximum": 1})
SECONDS = Value(_seconds, {"type": "number", "exclusiveMinimum": 0})
SIZE = Value(_size, {"type": ["string", "integer"], "examples": ["8GiB", "512MiB"]})
TOKENS = Value(
    lambda value: parse_context_length(_scalar_text(value, "`32768`, `32k` or `max`")),
    {"type": ["string", "integer"], "examples": ["32k", 32768, "max"]},
)
IDLE = Value(
    lambda value: parse_idle_timeout(_scalar_text(value, "`30m` or `2h`")),
    {"type": ["string", "integer"], "examples": ["30m", "2h"]},
)
ARGUMENTS = Value(
    lambda value: _texts(value, "arguments, like `[--max-num-seqs=32]`"),
    {"type": ["array", "string"], "items": {"type": "string"}},
)
GPUS = Value(
    _gpus, {"type": ["array", "integer", "string"], "items": {"type": ["integer", "string"]}, "examples": [[0, 1]]}
)
VARIABLES = Value(_variables, {"type": "object", "additionalProperties": {"type": ["string", "integer"]}})


ADAPTERS = Value(
    _adapters,
    {"type": "object", "additionalProperties": {"type": "string"}, "examples": [{"sql": "owner/repo"}]},
)


def _by_name(value: Any, read: Callable[[Any], Any], like: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"must be a mapping, like `{like}`")
    return {_text(name): read(item) for name, item in value.items()}


ALIASES = Value(
    lambda value: _by_name(value, _text, "{gpt-4o: coder}"),
    {"type": "object", "additionalProperties": {"type": "string"}},
)
FALLBACKS = Value(
    lambda value: _by_name(value, lambda item: _texts(item, "names"), "{coder: [openai/gpt-5-mini]}"),
    {"type": "object", "additionalProperties": {"type": ["array", "string"], "items": {"type": "string"}}},
)


def _listed(words: Iterable[str], shown: Iterable[str]) -> str:
    *most, last = shown or words
    return f"{', '.join(most)} or {last}" if most else last


def one_of(words: Iterable[str], *, shown: Iterable[str] = (), upper: bool = False) -> Value:
    """A closed list, in any case; `shown` are those that a message lists."""
    known = tuple(words)

    def read(value: Any) -> str:
        word = _text(value).upper() if upper else _text(value).lower()
        if word not in known:
            raise ValueError(f"must be {_listed(known, tuple(shown))}")
        return word

    return Value(read, {"enum": list(known)})


def literal(words: Any) -> Value:
    """The closed list of a `Literal`, which may hold others."""
    return one_of(_flat(words))


def _flat(words: Any) -> list[str]:
    return [text for word in get_args(words) for text in ([word] if isinstance(word, str) else _flat(word))]


QUANTIZATION = one_of(
    (*QUANTIZATIONS, *GGUF_QUANTIZATIONS), shown=(*QUANTIZATIONS, "a GGUF name such as Q4_K_M"), upper=True
)
