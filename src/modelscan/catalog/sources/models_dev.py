"""models.dev: hosted offers by provider (`api.json`) and canonical models with their weights (`models.json`).

The formats were read in the project's schema and counted in its builds from 2025-07 to 2026-07; every field may be
missing, and unknown ones are kept.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from modelscan import dataclasses
from modelscan.catalog.naming.words import REPO_HOSTS
from modelscan.catalog.sources import standing
from modelscan.catalog.sources.record import Attached, Entry, Last, Parsed, SourceRecord, verbatim
from modelscan.catalog.sources.stated import quantization_word
from modelscan.errors import SourceUnavailable
from modelscan.model import Pricing, ProviderOffer, Source, Weights
from modelscan.parsing import fields
from modelscan.parsing.json_text import load
from modelscan.parsing.modest import is_modest
from modelscan.parsing.problems import NotThisFormat, Skipped
from modelscan.parsing.regex import regex
from modelscan.parsing.text import clean, clean_tree

NAME = standing.MODELS_DEV.name
LICENSE = "MIT"
_KNOWN = frozenset({
    "id", "name", "family", "attachment", "reasoning", "tool_call", "structured_output", "temperature", "knowledge",
    "release_date", "last_updated", "modalities", "open_weights", "limit", "cost", "status", "license", "weights",
    "description",
})  # fmt: skip
# Thirty times the entries of 2026-08, and forty times the longest of them.
_MOST_ENTRIES, _LONGEST_ENTRY, _MOST_DOTS = 200_000, 200_000, 2_000
_HUB_ADDRESS = regex(r"https?://(huggingface\.co|(?:www\.)?modelscope\.(?:cn|ai)/models)/([\w.-]+/[\w.-]+)/?$")


def fetch(addresses: Sequence[str], get: Callable[[str], bytes], last: Last) -> Parsed:
    """The offers, and the canonical models of the `models.json` beside them, or else those known so far."""
    (address,) = addresses
    parsed = parse(get(address))
    if any(record.provider is None for record in parsed.records):
        return parsed
    base, slash, file = address.rpartition("/")
    canonical: Parsed | None = None
    if file == "api.json":
        with contextlib.suppress(SourceUnavailable, NotThisFormat):
            canonical = parse(get(f"{base}{slash}models.json"))
    parsed.extend(canonical or parse_entries(last(lambda key: ":" not in key)))
    return parsed


def count(parsed: Parsed) -> int:
    """Hosted offers; the canonical models only describe what they offer."""
    return sum(1 for record in parsed.records if record.provider)


def parse(payload: bytes | str) -> Parsed:
    """Records of an `api.json`, a `models.json`, or a `catalog.json` with both. Raises NotThisFormat."""
    document = load(payload)
    if not isinstance(document, dict) or not document:
        raise NotThisFormat("not a JSON object with entries")
    parsed = Parsed()
    if set(document) == {"models", "providers"} and all(isinstance(part, dict) for part in document.values()):
        document = {**document["models"], **document["providers"]}
    if sum(len(fields.mapping(fields.mapping(entry).get("models"))) + 1 for entry in document.values()) > _MOST_ENTRIES:
        raise NotThisFormat(f"it has more than {_MOST_ENTRIES} entries")
    for key, entry in document.items():
        if isinstance(entry, dict) and isinstance(entry.get("models"), dict):
            _attach(parsed, str(key), {name: value for name, value in entry.items() if name != "models"})
            for model_id, model in entry["models"].items():
                _add(parsed, f"{key}:{model_id}", model, provider=str(key))
        elif isinstance(entry, dict) and "/" in key:
            _add(parsed, key, entry, provider=None)
        else:
            parsed.skipped.append(Skipped(clean(str(key)), "neither a provider with models nor a model"))
    if not parsed.records:
        raise NotThisFormat("no entry in it is a provider with models")
    return parsed


def _attach(parsed: Parsed, provider: str, entry: Mapping[str, Any]) -> None:
    """Keep what is known about a host itself: its address, the variables for its keys, its documentation."""
    with contextlib.suppress(RecursionError):
        parsed.attached.append(Attached(NAME, f"{clean(provider)}:", verbatim(entry)))


def parse_entries(entries: Iterable[Entry]) -> Parsed:
    """Records of entries as an index keeps them, word for word: `provider:id`, `provider:` or `lab/model`."""
    parsed = Parsed()
    for key, entry in entries:
        provider, colon, model_id = key.partition(":")
        if colon and not model_id:
            _attach(parsed, provider, entry)
            continue
        _add(parsed, key, entry, provider=provider if colon and "/" not in provider else None)
    return parsed


def parse_toml(payload: bytes, name: str, *, source: str) -> Parsed:
    """The record of one model in models.dev's own TOML form; `name` is the file's, its id where it states none.

    Raises NotThisFormat.
    """
    # Tables in tables take the square of their number to read, which a dot each makes.
    if len(payload) > _LONGEST_ENTRY or payload.count(b".") > _MOST_DOTS:
        raise NotThisFormat("the entry is too long")
    try:
        entry = tomllib.loads(payload.decode())
    except (ValueError, RecursionError) as error:  # TOML's and UTF-8's own are of that kind
        raise NotThisFormat(f"cannot be read: {clean(str(error))}") from error
    base = fields.text(entry.get("base_model"))
    model_id = fields.text(entry.get("id")) or base or clean(name)
    if not is_modest(entry):
        raise NotThisFormat("the entry is too large or nested too deep")
    record = _record(model_id, model_id, entry, None, verbatim(entry))
    return Parsed(records=[dataclasses.replace(record, source=source, names=(model_id, *([base] if base else ())))])


def _add(parsed: Parsed, key: str, entry: object, *, provider: str | None) -> None:
    if not isinstance(entry, dict):
        parsed.skipped.append(Skipped(clean(key), "the entry is not an object"))
        return
    model_id = fields.text(entry.get("id")) or clean(key.partition(":")[2] if provider else key)
    if not model_id:
        parsed.skipped.append(Skipped(clean(key), "the entry has no id"))
        return
    try:
        raw = verbatim(entry)
        if len(raw) > _LONGEST_ENTRY:
            parsed.skipped.append(Skipped(clean(key), "the entry is too long"))
            return
        parsed.records.append(_record(clean(key), model_id, entry, provider and clean(provider), raw))
    except RecursionError:
        parsed.skipped.append(Skipped(clean(key), "the entry is nested too deep"))


def _record(key: str, model_id: str, entry: Mapping[str, Any], provider: str | None, raw: str) -> SourceRecord:
    weights = tuple(_weights(entry["weights"])) if "weights" in entry else ()
    extra = {name: entry[name] for name in entry if name not in _KNOWN}
    if provider in REPO_HOSTS and "/" in model_id:
        weights = (Weights(source="huggingface", repo_id=model_id, official=None, verified=False),)
    return SourceRecord(
        source=NAME,
        key=key,
        raw=raw,
        names=(model_id,),
        model_id=model_id.lower() if provider is None else None,
        provider=provider,
        offer=ProviderOffer(id=provider, model=model_id, pricing=_pricing(entry.get("cost"))) if provider else None,
        weights=weights,
        facts={name: value for name, value in _facts(entry) if value is not None and value != ()},
        extra=clean_tree(extra) if extra else extra,
    )


def _facts(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is stated and makes sense; only the keys that are there are looked at, of five thousand entries each."""
    for name, value in entry.items():
        if name in _READERS:
            key, read = _READERS[name]
            yield key, read(value)
        elif name in _PARTS and isinstance(value, dict):
            parts, read = _PARTS[name]
            for part, item in value.items():
                if part in parts:
                    yield parts[part], read(item)


_READERS: dict[str, tuple[str, Callable[[object], Any]]] = {
    **{name: (name, fields.text) for name in ("name", "family", "status", "license", "description")},
    **{name: (name, fields.date) for name in ("knowledge", "release_date", "last_updated")},
    "open_weights": ("open_weights", fields.flag),
    **{
        name: (f"capabilities.{name}", fields.flag)
        for name in ("tool_call", "reasoning", "attachment", "structured_output", "temperature")
    },
}
_PARTS: dict[str, tuple[Mapping[str, str], Callable[[object], Any]]] = {
    "limit": ({name: f"limits.{name}" for name in ("context", "input", "output")}, fields.context),
    "modalities": ({name: f"modalities.{name}" for name in ("input", "output")}, fields.texts),
}


def _pricing(cost: object) -> Pricing:
    """An offer that costs 0 for both input and output may be free or unknown: 432 entries, so unknown to us."""
    stated = fields.mapping(cost)
    input_, output = fields.number(stated.get("input")), fields.number(stated.get("output"))
    if not input_ and not output:
        return Pricing()
    return Pricing(
        input=input_,
        output=output,
        reasoning=fields.number(stated.get("reasoning")),
        cache_read=fields.number(stated.get("cache_read")),
        cache_write=fields.number(stated.get("cache_write")),
    )


def hub_of(address: object) -> tuple[Source, str] | None:
    """The hub and the repo that an address means."""
    match = _HUB_ADDRESS.match(str(address))
    return ("huggingface" if match[1] == "huggingface.co" else "modelscope", match[2]) if match else None


def _weights(listed: object) -> Iterator[Weights]:
    for item in fields.items(listed):
        link = fields.mapping(item)
        if found := hub_of(link.get("url")):
            yield Weights(
                source=found[0],
                repo_id=found[1],
                format=fields.text(link.get("format")),
                quantization=quantization_word(link.get("quantization")),
                official=True,
            )
