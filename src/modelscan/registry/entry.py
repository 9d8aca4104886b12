"""One entry as somebody wrote it, in JSON, YAML or TOML, and what it states in our words (pure but for the tables).

Only what was said is stated, so that entries of one model lie over one another field by field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from modelscan.dataclasses import dataclass, field
from modelscan.parsing.modest import is_modest
from modelscan.parsing.text import clean, clean_tree
from modelscan.registry import readers
from modelscan.registry.words import UPSTREAM, handler_of, runtimes


class _Key(NamedTuple):
    """Where a key's value goes: a field, dotted where it is a part of one, and how it reads."""

    field: str
    read: Callable[[Any], Any]


_KEYS: Mapping[str, _Key] = {
    "name": _Key("name", readers.line),
    "type": _Key("type", readers.model_type),
    "task": _Key("type", readers.model_type),
    "runtime": _Key("runtime", readers.runtime),
    "memory": _Key("memory_bytes", readers.memory),
    "memory_bytes": _Key("memory_bytes", readers.memory),
    "context_length": _Key("context_length", readers.tokens),
    "description": _Key("description", readers.paragraph),
    "enabled": _Key("enabled", readers.flag),
    "auto_pull": _Key("auto_pull", readers.flag),
    "prewarm": _Key("prewarm", readers.flag),
    "runtime_args": _Key("runtime_args", readers.arguments),
    "pooling": _Key("pooling", readers.pooling),
    "handler": _Key("handler", readers.dotted),
    "supports_structured_outputs": _Key("supports_structured_outputs", readers.flag),
    "skip_download": _Key("skip_download", readers.flag),
    "max_parallelism": _Key("max_parallelism", readers.count),
    "thread_safe": _Key("thread_safe", readers.flag),
    "owned_by": _Key("owned_by", readers.owner),
    "upstream_base_url": _Key("upstream.base_url", readers.address),
    "upstream_api_key_env": _Key("upstream.api_key_env", readers.variable),
    "upstream_model": _Key("upstream.model", readers.line),
    "local_path": _Key("repos.local_path", readers.folder),
    "hf_repo_id": _Key("repos.huggingface", readers.repo),
    "model_scope_model_id": _Key("repos.modelscope", readers.repo),
}
_TABLES: Mapping[str, Mapping[str, _Key]] = {
    "defaults": {
        "temperature": _Key("defaults.temperature", readers.temperature),
        "top_p": _Key("defaults.top_p", readers.share),
        "max_tokens": _Key("defaults.max_tokens", readers.tokens),
    },
    "upstream": {name.removeprefix("upstream_"): key for name, key in _KEYS.items() if name.startswith("upstream_")},
}
KEYS = ("id", *_KEYS, *_TABLES)
TABLES: Mapping[str, tuple[str, ...]] = {name: tuple(keys) for name, keys in _TABLES.items()}
"""The keys of an entry that hold keys of their own, and those."""
PARTS = frozenset({"defaults", "upstream", "extra"})
"""Fields whose keys lie over one another one by one."""


class EntryInvalid(ValueError):
    """An entry that cannot be used; the message says why, without repeating what it holds."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What an entry states: fields of RegisteredModel, parts of them as mappings, all of it JSON data."""

    id: str
    stated: Mapping[str, Any]
    warnings: tuple[str, ...] = field(default=())


def read_entry(raw: Mapping[str, Any], known: frozenset[str] = frozenset()) -> Entry:
    """Raises EntryInvalid. `known` are further keys that are somebody else's to read."""
    if not is_modest(raw):
        raise EntryInvalid("it is nested too deep or has too many values")
    try:
        model_id = readers.model_id(raw.get("id"))
    except (ValueError, TypeError) as error:
        raise EntryInvalid(f"`id` {error}") from None
    stated, warnings = read_stated({key: value for key, value in raw.items() if key not in {"id", *known}})
    return Entry(model_id, stated, warnings)


def read_stated(raw: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the keys of an entry state, its id apart, and a warning for each that has no meaning here."""
    stated: dict[str, Any] = {}
    warnings: list[str] = []
    for name, value in raw.items():
        if value is None:
            continue
        if name in _TABLES:
            if not isinstance(value, Mapping):
                raise EntryInvalid(f"`{name}` must be a mapping")
            unknown = [part for part in value if part not in _TABLES[name]]
            warnings += [f"`{clean(f'{name}.{part}')[:80]}` has no meaning here and is left out" for part in unknown]
            for part, inner in value.items():
                if part in _TABLES[name] and inner is not None:
                    _state(stated, f"{name}.{part}", _TABLES[name][part], inner)
        elif name in _KEYS:
            _state(stated, name, _KEYS[name], value)
        else:
            key = clean(str(name))[:80]
            near = get_close_matches(key, KEYS, n=1, cutoff=0.8)
            warnings.append(
                f"`{key}` is not a known key and is only kept{f'; did you mean `{near[0]}`?' if near else ''}"
            )
            stated.setdefault("extra", {})[key] = clean_tree(value)
    stated.update(_implied(stated))
    return stated, tuple(warnings)


def _state(stated: dict[str, Any], shown: str, key: _Key, value: Any) -> None:
    try:
        found = key.read(value)
    except (ValueError, TypeError) as error:
        raise EntryInvalid(f"`{shown}` {error}") from None
    table, dot, name = key.field.rpartition(".")
    place = stated.setdefault(table, {}) if dot else stated
    place[name] = list(found) if isinstance(found, tuple) else found


def _implied(stated: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a handler, a runtime's word or an address implies where the entry does not say it."""
    handler = handler_of(stated["handler"]) if "handler" in stated else None
    word = runtimes().get(stated.get("runtime", ""))
    kind = handler.type if handler is not None else word.type if word is not None else None
    if kind is not None and "type" not in stated:
        yield "type", kind
    named = UPSTREAM if "upstream" in stated else handler.runtime if handler is not None else None
    if named is not None and "runtime" not in stated:
        yield "runtime", named
