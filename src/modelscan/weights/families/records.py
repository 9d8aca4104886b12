"""Parses `catalogs/families.toml` strictly: an unknown key or formula, or a duplicate model type, is an error."""

from __future__ import annotations

import functools
import tomllib
import typing
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from modelscan import dataclasses
from modelscan.dataclasses import field_names
from modelscan.model import Family
from modelscan.weights.families.keys import (
    AUDIO_SIZES,
    TEXT_SIZES,
    VISION_SIZES,
    ConfigKeys,
    Sizes,
    Spellings,
)
from modelscan.weights.families.table import Families

_SECTIONS = {"keys", "text", "vision", "audio", "layers", "family"}
_KINDS = {"full", "sliding", "linear", "none"}
_HOLDS_FOR = ("model_types", "alike")
_OURS = {"name", "counted"}  # derived fields


def read_families(text: str) -> Families:
    """Parses the text of the file. Raises ValueError for anything unknown."""
    document = tomllib.loads(text)
    _same("the file", set(document), _SECTIONS)
    records: dict[str, Family] = {}
    alike: dict[str, Family] = {}
    for name, record in document["family"].items():
        family = _family(name, record)
        counted = dataclasses.replace(family, counted=True)
        for model_type in _texts(f"{name}.model_types", record.get("model_types", [])):
            _once(records, model_type, counted)
        for pattern in _texts(f"{name}.alike", record.get("alike", [])):
            if pattern.endswith("*"):
                _once(alike, pattern[:-1], family)
            else:
                _once(records, pattern, family)
    layers = document["layers"]
    _same("layers", set(layers), {"words", "letters"})
    return Families(
        records=records,
        alike=alike,
        keys=ConfigKeys(**_spellings("keys", set(field_names(ConfigKeys)), document["keys"])),
        text=Sizes.of(_spellings("text", TEXT_SIZES, document["text"])),
        vision=Sizes.of(_spellings("vision", VISION_SIZES, document["vision"])),
        audio=Sizes.of(_spellings("audio", AUDIO_SIZES, document["audio"])),
        words=_kinds("layers.words", layers["words"]),
        letters=_kinds("layers.letters", layers["letters"]),
    )


def _once(table: dict[str, Family], model_type: str, family: Family) -> None:
    if model_type in table:
        raise ValueError(f"{model_type} is in two families: {table[model_type].name} and {family.name}")
    table[model_type] = family


def _family(name: str, record: Mapping[str, Any]) -> Family:
    if not any(record.get(key) for key in _HOLDS_FOR):
        raise ValueError(f"family {name} has no model types")
    allowed = _allowed()
    values = {key: value for key, value in record.items() if key not in _HOLDS_FOR}
    for key, value in values.items():
        if key not in allowed:
            raise ValueError(f"family {name} has an unknown key: {key}")
        if not any(_is(kind, value) for kind in allowed[key]):
            raise ValueError(f"family {name} has an unknown {key}: {value!r}")
    return Family(name=name, **values)


@functools.cache
def _allowed() -> dict[str, tuple[Any, ...]]:
    """The types, or literal values, that each key of a record allows, from the type hints."""
    hints = typing.get_type_hints(Family)
    return {name: tuple(_alternatives(hint)) for name, hint in hints.items() if name not in _OURS}


def _alternatives(hint: Any) -> Iterator[Any]:
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        yield from arguments
    elif origin is Mapping:
        yield dict
    elif arguments:  # a union
        for part in arguments:
            yield from _alternatives(part)
    else:
        yield hint


def _is(kind: Any, value: object) -> bool:
    if kind is dict:
        return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())
    return type(value) is kind if isinstance(kind, type) else value == kind


def _spellings(name: str, wanted: AbstractSet[str], section: Mapping[str, Any]) -> dict[str, Spellings]:
    _same(name, set(section), wanted)
    return {key: tuple(_texts(f"{name}.{key}", value)) for key, value in section.items()}


def _kinds(name: str, section: Mapping[str, Any]) -> dict[str, str]:
    for word, kind in section.items():
        if kind not in _KINDS:
            raise ValueError(f"{name} has an unknown kind of layer for {word}: {kind!r}")
    return dict(section)


def _texts(name: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name} is not a list of strings")
    return value


def _same(name: str, found: AbstractSet[str], wanted: AbstractSet[str]) -> None:
    unknown, missing = sorted(found - wanted), sorted(wanted - found)
    if unknown or missing:
        raise ValueError(f"{name}: unknown {', '.join(unknown) or 'none'}; missing {', '.join(missing) or 'none'}")
