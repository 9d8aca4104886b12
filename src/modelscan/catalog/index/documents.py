"""Models as the index keeps them, whole: compact JSON, written and read."""

from __future__ import annotations

import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from modelscan import dataclasses
from modelscan.model import Capabilities, Fits, Limits, Modalities, Model, Pricing, ProviderOffer, Spec, Weights


def write_model(model: Model) -> str:
    """A model as compact JSON: what is unknown or empty is left out, reading fills it in again."""
    return _ENCODER.encode(model)


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


def _stated(part: object) -> dict[str, Any]:
    """A part's fields that say something."""
    names, fields_of = _FIELDS[type(part)]
    return {
        name: value
        for name, value in zip(names, fields_of(part), strict=True)
        if value or type(value) in _SAID_WHEN_ZERO
    }


def _fields(kind: type) -> tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]:
    names = dataclasses.field_names(kind)
    return names, attrgetter(*names)


_FIELDS: dict[type, tuple[tuple[str, ...], Callable[[object], tuple[Any, ...]]]] = {
    kind: _fields(kind)
    for kind in (Model, Capabilities, Modalities, Limits, Pricing, ProviderOffer, Weights, Spec, Fits)
}
_SAID_WHEN_ZERO = frozenset({str, int, float, bool})
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, default=_stated)
