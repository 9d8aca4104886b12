"""The entries of `models.yaml` and of the user's own lists, as layers."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelscan.registry.entry import EntryInvalid, read_entry
from modelscan.registry.layers import Layer, Strength
from modelscan.registry.words import type_of
from modelscan.storage.shipped import shipped_text
from modelscan.weights.address import is_s3

_PLACES = frozenset({"local_path", "hf_repo_id", "model_scope_model_id"})
_ITS_OWN = frozenset({"id", "name", "aliases", "description", "variants"}) | _PLACES
"""What of an entry does not hold for its variants."""

# What the catalog reads of the same entries.
_OF_THE_CATALOG = frozenset({
    "aliases", "license", "tags", "parameters", "active_parameters", "context", "family", "family_default", "variants",
    "quantization",
})  # fmt: skip
LISTED = "models.yaml"
COMPILED = "models.json"
"""The same, written by the build hook: to read YAML takes longer than to plan."""


@functools.cache
def built_in() -> tuple[Layer, ...]:
    """The models known to work. Raises StorageFailed where the installation is not whole."""
    layers, problems = layers_of(json.loads(shipped_text(COMPILED)), "models.yaml", LISTED, str)
    assert not problems, problems  # noqa: S101  the file is ours
    return tuple(layers)


def layers_of(
    document: object, strength: Strength, place: str, absolute: Callable[[str], str]
) -> tuple[list[Layer], list[str]]:
    """Entries and their variants, each by the name that it has. The first of an id counts, as the first file does."""
    listed = document.get("models") if isinstance(document, dict) else None
    layers: dict[str, Layer] = {}
    problems: list[str] = []
    for position, raw in enumerate(listed if isinstance(listed, list) else (), start=1):
        if not isinstance(raw, Mapping):
            continue
        try:
            for each in (raw, *_variants(raw)):
                entry = read_entry(dict(_raw(each, absolute)), _OF_THE_CATALOG)
                layers.setdefault(entry.id.casefold(), Layer(strength, entry.id, entry.stated, place=place))
        except EntryInvalid as error:
            problems.append(f"entry {position}: {error}")
    return list(layers.values()), problems


def _variants(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The same model in other repos, each under its repo's name."""
    listed = raw.get("variants")
    shared = {key: value for key, value in raw.items() if key not in _ITS_OWN}
    for variant in listed if isinstance(listed, list) else ():
        if isinstance(variant, Mapping):
            places = {key: variant[key] for key in _PLACES if key in variant}
            name = variant.get("hf_repo_id") or variant.get("model_scope_model_id")
            if name:
                yield {**shared, **places, "name": name}


def _raw(raw: Mapping[str, Any], absolute: Callable[[str], str]) -> Iterator[tuple[str, Any]]:
    """An entry with its id, its type by its task, and an absolute path; its `name` is its id where it has no other."""
    own_id = raw.get("id")
    yield "id", own_id or raw.get("name") or raw.get("hf_repo_id")
    for key, value in raw.items():
        if key == "name" and own_id:
            yield key, value
        elif key == "task":
            if "type" not in raw and isinstance(value, str) and (found := type_of(value)) is not None:
                yield "type", "vision" if found == "chat" and "vision" in _tags(raw) else found
        elif key == "local_path" and isinstance(value, str) and not is_s3(value):
            yield key, absolute(value)
        elif key not in {"id", "name"}:
            yield key, value


def _tags(raw: Mapping[str, Any]) -> list[Any]:
    tags = raw.get("tags")
    return tags if isinstance(tags, list) else []
