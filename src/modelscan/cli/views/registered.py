"""Registered models as text, and what a seeding did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelscan.cli.output.printer import Printer
from modelscan.model import Pricing
from modelscan.model.registered import RegisteredModel, UpstreamModel
from modelscan.registry.seeding import SeedingReport
from modelscan.storage.documents import to_document
from modelscan.units import format_bytes, format_tokens
from modelscan.verbs.register.inspect import InspectedModel
from modelscan.verbs.register.upstream import FoundModel

_WHO = {"user": "you", "local": "your file", "seed": "a seed", "models.yaml": "models.yaml"}


def show_registered(printer: Printer, models: Sequence[RegisteredModel]) -> None:
    rows = [
        [
            model.id,
            model.type or "-",
            model.runtime or "-",
            format_bytes(model.memory_bytes) if model.memory_bytes is not None else "-",
            format_tokens(model.context_length) if model.context_length is not None else "-",
            _origin(model),
            "yes" if model.enabled else "no",
        ]
        for model in models
    ]
    columns = ["id", "type", "runtime", "memory", "context", "origin", "enabled"]
    printer.table(columns, rows, right=["memory", "context"], drop=["memory", "context", "runtime", "origin"])


def show_inspected(printer: Printer, found: InspectedModel) -> None:
    printer.pairs([*_pairs(found.model), ("said by", ", ".join(_who(found)))])


def show_one_line(printer: Printer, model: RegisteredModel, done: str) -> None:
    printer.line(f"{model.id}  {done}")


def show_upstreams(printer: Printer, models: Sequence[RegisteredModel]) -> None:
    """What was registered, where it is, and what it costs."""
    for model in models:
        upstream = model.upstream or UpstreamModel()
        known_as = f" as {upstream.model}" if upstream.model != model.id else ""
        price = f", {_price(model.pricing)}" if model.pricing is not None else ""
        printer.line(f"{model.id}  registered: {upstream.base_url or 'no address is known'}{known_as}{price}")


def show_found(printer: Printer, found: Sequence[FoundModel]) -> None:
    rows = [
        [
            item.tag,
            item.type or "-",
            item.quantization or "-",
            format_bytes(item.size_bytes) if item.size_bytes is not None else "-",
            format_tokens(item.context_length) if item.context_length is not None else "-",
            item.registered or "-",
        ]
        for item in found
    ]
    if rows:
        columns = ["tag", "type", "quantization", "size", "context", "registered as"]
        printer.table(columns, rows, right=["size", "context"], drop=["quantization", "context", "type"])


def _price(pricing: Pricing) -> str:
    if pricing.input is None and pricing.output is None:
        return "price unknown"
    both = ((pricing.input, "in"), (pricing.output, "out"))
    parts = [f"${value:g} {what}" for value, what in both if value is not None]
    return f"{' / '.join(parts)} per million tokens"


def show_removed_model(printer: Printer, removed: Mapping[str, Any]) -> None:
    note = f": {removed['note']}" if removed["note"] else ""
    printer.line(f"{removed['id']}  removed{note}")


def show_seeding(printer: Printer, report: SeedingReport, *, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    for word, ids in (("created", report.created), ("updated", report.updated), ("unchanged", report.unchanged)):
        for model_id in ids:
            printer.line(f"{model_id}  {would if word != 'unchanged' else ''}{word}")


def _origin(model: RegisteredModel) -> str:
    if model.built_in:
        return "built-in"
    return f"{model.origin}, modified" if model.user_modified and model.system else model.origin


def _pairs(model: RegisteredModel) -> Iterator[tuple[str, str]]:
    """What is known, in the words of the document."""
    for name, value in to_document(model).items():
        if value in (None, {}, [], ""):
            continue
        if name == "memory_bytes":
            yield "memory", format_bytes(value)
        elif isinstance(value, bool):
            yield name, "yes" if value else "no"
        elif isinstance(value, dict):
            yield from ((f"{name}.{part}", str(inner)) for part, inner in value.items() if inner is not None)
        else:
            yield name, " ".join(value) if isinstance(value, list) else str(value)


def _who(found: InspectedModel) -> Iterator[str]:
    for layer in found.layers:
        place = f" ({layer.place})" if layer.place and layer.strength == "local" else ""
        yield f"{_WHO[layer.strength]}{place}"
