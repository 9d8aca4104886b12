"""Models as the index keeps them, whole: compact JSON, written and read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from modelscan.model import Capabilities, Fits, Limits, Modalities, Model, Pricing, ProviderOffer, Spec, Weights

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def write_model(model: Model) -> str:
    """A model as compact JSON: what is unknown or empty is left out, reading fills it in again."""
    return _ENCODER.encode(_shrunk(model))


def read_model(document: str) -> Model:
    """The inverse of `write_model`. Written out, field by field: a search reads twenty of them."""
    values: dict[str, Any] = json.loads(document)
    for name in ("aliases", "tags", "open_alternatives"):
        if name in values:
            values[name] = tuple(values[name])
    parts: tuple[tuple[str, type], ...] = (("capabilities", Capabilities), ("limits", Limits), ("pricing", Pricing))
    for name, cls in parts:
        if name in values:
            values[name] = cls(**values[name])
    if "modalities" in values:
        values["modalities"] = Modalities(**{key: tuple(kinds) for key, kinds in values["modalities"].items()})
    if "providers" in values:
        values["providers"] = tuple(_read_offer(offer) for offer in values["providers"])
    if "weights" in values:
        values["weights"] = tuple(Weights(**weights) for weights in values["weights"])
    if "specs" in values:
        values["specs"] = tuple(_read_spec(spec) for spec in values["specs"])
    return Model(**values)


def _read_offer(offer: dict[str, Any]) -> ProviderOffer:
    return ProviderOffer(id=offer["id"], model=offer["model"], pricing=Pricing(**offer.get("pricing", {})))


def _read_spec(spec: dict[str, Any]) -> Spec:
    for name in ("parameters", "verified_hardware"):
        spec[name] = tuple(spec.get(name, ()))
    return Spec(**spec)


def _shrunk(value: Any) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind in _FIELDS:
        names, fields_of = _FIELDS[kind]
        return {
            name: item if type(item) in _PLAIN else _shrunk(item)
            for name, item in zip(names, fields_of(value), strict=True)
            if item or (item is not None and type(item) in _PLAIN)
        }
    if kind is dict:
        return {str(key): _shrunk(item) for key, item in value.items()}
    return [_shrunk(item) for item in value]


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _fields(kind: type) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    names = tuple(field.name for field in dataclasses.fields(kind))
    return names, attrgetter(*names)


_FIELDS = {
    kind: _fields(kind)
    for kind in (Model, Capabilities, Modalities, Limits, Pricing, ProviderOffer, Weights, Spec, Fits)
}
