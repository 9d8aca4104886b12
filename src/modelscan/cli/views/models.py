"""Models and catalogs as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from modelscan.cli.output.printer import Printer
from modelscan.units import format_about, format_bytes, format_count, format_tokens

if TYPE_CHECKING:
    from modelscan.catalog.index.search import Hit
    from modelscan.model import Model, Weights

_OTHER_UNITS = frozenset({"speech-to-text", "text-to-speech", "text-to-image", "text-to-video"})
_LONGEST = 200


def show_models(printer: Printer, models: Sequence[Model | Hit]) -> None:
    if not models:
        return
    judged = any(not isinstance(model, tuple) and model.fits for model in models)
    printer.table(
        ("id", "task", "params", "context", "on disk", "weights", "license", *(("fits",) if judged else ())),
        [(*_row(model), *((_fits(model),) if judged and not isinstance(model, tuple) else ())) for model in models],
        right=("params", "context", "on disk"),
        drop=("license", "task", "weights", "on disk", "context", "params"),
    )


def _fits(model: Model) -> str:
    fits = model.fits
    if fits is None or not fits.feasible:
        return f"no: {fits.reason}" if fits else "unknown"
    return f"{fits.quantization or 'as it is'} on {fits.backend}, {format_tokens(fits.max_model_len)} tokens"


def _row(model: Model | Hit) -> tuple[str, ...]:
    if isinstance(model, tuple):
        context, repo, is_open = model.context, model.repo, model.open
        disk = (model.least_bytes, model.most_bytes)
    else:
        context, is_open, disk = model.limits.context, model.open_weights, model.disk_range
        repo = model.weights[0].repo_id if model.weights else None
    return (
        model.id,
        model.task,
        format_count(model.parameters) if model.parameters else "-",
        _context(model.native_context, context, is_open=repo is not None),
        format_about(*disk),
        repo or ("unknown" if is_open is None else "open, repo unknown" if is_open else "closed"),
        model.license or "-",
    )


def _context(native: int | None, stated: int | None, *, is_open: bool) -> str:
    """The model's own; of weights whose config is not known what hosts offer, said to be theirs."""
    if native or not stated:
        return format_tokens(native) if native else "-"
    return f"{format_tokens(stated)} (hosts)" if is_open else format_tokens(stated)


def show_model(printer: Printer, model: Model) -> None:
    printer.line(f"{model.id}  {model.name}", "bold")
    if model.description:
        printer.item(model.description, depth=0)
    printer.line()
    active = f", {format_count(model.active_parameters)} active" if model.active_parameters else ""
    rows = [
        ("Task", model.task),
        ("Owner", model.owner or "unknown"),
        ("Family", model.family or "unknown"),
        ("Parameters", f"{format_count(model.parameters)}{active}"),
        ("Context", _contexts(model)),
        *((("On disk", f"about {format_about(*model.disk_range)}"),) if model.disk_range[0] else ()),
        ("License", model.license or "unknown"),
        *((("Fits here", _fits(model)),) if model.fits else ()),
        ("Weights", {True: "open", False: "closed", None: "unknown"}[model.open_weights]),
        ("Released", model.release_date or "unknown"),
        ("Status", model.status or "unknown"),
        ("Knowledge", f"until {model.knowledge}" if model.knowledge else "unknown"),
        ("Input", ", ".join(model.modalities.input) or "unknown"),
        ("Output", ", ".join(model.modalities.output) or "unknown"),
        ("Capabilities", ", ".join(_capabilities(model)) or "unknown"),
        ("Hosted price", _price(model)),
        *((("Homepage", model.homepage),) if model.homepage else ()),
        *((("Tags", ", ".join(model.tags)),) if model.tags else ()),
    ]
    printer.pairs(rows)
    _section(
        printer,
        "Weights",
        ("source", "repo", "quantization", "size", "official"),
        map(_weights_row, model.weights),
        drop=("official", "source", "quantization"),
    )
    _show_specs(printer, model)
    _show_hosts(printer, model)
    for title, names in (("Open alternatives", model.open_alternatives), ("Also known as", _other_names(model))):
        if names:
            printer.line()
            printer.line(title, "bold")
            for name in names:
                printer.line(f"  {name}")
    if model.conflicts:
        printer.line()
        printer.line("Sources disagree", "bold")
        for name, values in model.conflicts.items():
            printer.item(f"{name}: {_values(values)}")
    if model.extra:
        printer.line()
        printer.line("Other fields", "bold")
        for name, value in model.extra.items():
            printer.item(f"{name}: {_short(value)}")
    _section(printer, "Sources", ("field", "source"), sorted(model.provenance.items()))


def _contexts(model: Model) -> str:
    """Whose each figure is: a plan counts with that of `config.json`."""
    native, stated = model.native_context, model.limits.context
    said_by = model.provenance.get("limits.context")
    own = f"{format_tokens(native)} tokens, from config.json" if native else ""
    others = f"{format_tokens(stated)} tokens" if stated and (not native or stated != native) else ""
    return "; ".join(filter(None, (own, f"{others}, from {said_by}" if others and said_by else others))) or "unknown"


def _section(
    printer: Printer,
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Sequence[str] = (),
    drop: Sequence[str] = (),
) -> None:
    """A table under a title, unless it has no rows."""
    if found := list(rows):
        printer.line()
        printer.line(title, "bold")
        printer.table(columns, found, right=right, drop=drop)


def _show_specs(printer: Printer, model: Model) -> None:
    """Specs of the catalogs. Several often differ only in the machine, so each shows its arguments below."""
    if not model.specs:
        return
    printer.line()
    printer.line("How catalogs run it (arguments are checked before use)", "bold")
    for spec in model.specs:
        version = spec.backend_version or (f">={spec.min_backend_version}" if spec.min_backend_version else "")
        filters = " ".join(f"{name}={_short(value)}" for name, value in spec.gpu_filters.items())
        words = (spec.mode, spec.quantization, spec.backend, version, spec.repo_id, filters, f"({spec.source})")
        printer.item(" ".join(word for word in words if word))
        if spec.parameters:
            printer.item(" ".join(spec.parameters), depth=2)
        if spec.env:
            printer.item(" ".join(f"{name}={value}" for name, value in spec.env.items()), depth=2)
        if spec.verified_hardware:
            printer.item(f"verified on {', '.join(spec.verified_hardware)}", depth=2)


def _show_hosts(printer: Printer, model: Model) -> None:
    rows = [
        (offer.id, offer.model, *(_dollars(getattr(offer.pricing, name)) for name in ("input", "output", "cache_read")))
        for offer in model.providers
    ]
    prices = ("input", "output", "cache read")
    _section(
        printer, f"Hosts, dollars {_unit(model)}", ("host", "model", *prices), rows, right=prices, drop=prices[::-1]
    )


def _unit(model: Model) -> str:
    """models.dev lists prices per token; for audio, images and video hosts price minutes or pieces."""
    return "in the hosts' own units" if model.task in _OTHER_UNITS else "per million tokens"


def _dollars(price: float | None) -> str:
    return "-" if price is None else f"{price:g}"


def _short(value: object) -> str:
    """A value of unknown structure on one line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _values(values: object) -> str:
    """`64,000 (8), 128,000 (2)`: the values of the sources, the most frequent first."""
    if not isinstance(values, list | tuple):
        return str(values)
    return ", ".join(
        f"{_plain(item['value'])} ({item['count']})" if isinstance(item, dict) else str(item) for item in values
    )


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _capabilities(model: Model) -> list[str]:
    can = model.capabilities
    named = {
        "tool calls": can.tool_call,
        "reasoning": can.reasoning,
        "attachments": can.attachment,
        "structured output": can.structured_output,
    }
    return [name for name, able in named.items() if able]


def _price(model: Model) -> str:
    if model.pricing.input is None and model.pricing.output is None:
        return "unknown"
    price = f"${_dollars(model.pricing.input)} in, ${_dollars(model.pricing.output)} out, {_unit(model)}"
    return f"{price}, {model.provenance['pricing']}" if "pricing" in model.provenance else price


def _other_names(model: Model) -> list[str]:
    """Aliases that are not shown elsewhere, each in one spelling."""
    shown = {name.casefold() for name in (model.id, *(weights.repo_id for weights in model.weights))}
    names = {name.casefold(): name for name in reversed(model.aliases) if name.casefold() not in shown}
    return list(reversed(names.values()))


def _weights_row(weights: Weights) -> tuple[str, ...]:
    official = {True: "yes", False: "no", None: "unknown"}[weights.official]
    about = f"about {format_about(weights.estimated_bytes)}" if weights.estimated_bytes else "-"
    size = format_bytes(weights.size_bytes) if weights.size_bytes else about
    return (weights.source, weights.repo_id, weights.quantization or "-", size, official)
