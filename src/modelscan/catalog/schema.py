"""The tables of the index, and reading and writing models in them.

Bump `storage.paths.INDEX_FORMAT` with any change here: an index is disposable and never migrated.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from modelscan.model import Capabilities, Fits, Limits, Modalities, Model, Pricing, ProviderOffer, Spec, Weights
from modelscan.storage.paths import INDEX_FORMAT

SHIPPED_NAME = f"index-v{INDEX_FORMAT}.sqlite"
APPLICATION_ID = 0x6D736978  # "msix": a file that is not ours is refused at once

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
-- Narrow, because searches read it row by row, and numbered from the best known model to the least known, so that
-- they can stop at the first rows that fit; what a model's page shows is in `documents`.
CREATE TABLE models (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,            -- the words of its name
    lab TEXT,
    task TEXT NOT NULL,
    open INTEGER,                 -- 1, 0 or unknown
    weights INTEGER NOT NULL,     -- whether a repo is known
    parameters INTEGER,
    active_parameters INTEGER,
    context INTEGER,
    license TEXT,
    offers INTEGER NOT NULL,      -- hosts that offer it: how popular it is
    released TEXT,
    tags TEXT NOT NULL,           -- with spaces around each, also capabilities
    sources TEXT NOT NULL         -- likewise
);
CREATE TABLE documents (number INTEGER PRIMARY KEY, document TEXT NOT NULL);
-- `model` is empty for what is kept of a source besides its models
CREATE TABLE records (source TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL, raw TEXT NOT NULL);
CREATE INDEX records_model ON records (model);
CREATE TABLE aliases (text TEXT NOT NULL, kind TEXT NOT NULL, model TEXT NOT NULL, PRIMARY KEY (text, kind, model))
    WITHOUT ROWID;
CREATE TABLE rungs (key TEXT NOT NULL, rung INTEGER NOT NULL, model TEXT NOT NULL, PRIMARY KEY (key, rung, model))
    WITHOUT ROWID;
CREATE TABLE families (key TEXT PRIMARY KEY, model TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE labs (alias TEXT PRIMARY KEY, lab TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE vocabulary (term TEXT PRIMARY KEY, models INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE stumps (stump TEXT NOT NULL, term TEXT NOT NULL, PRIMARY KEY (stump, term)) WITHOUT ROWID;
CREATE VIRTUAL TABLE texts USING fts5 (
    name, words, content='', columnsize=0, prefix='2 3', tokenize="unicode61 remove_diacritics 2 tokenchars '.+#'"
);
"""


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
