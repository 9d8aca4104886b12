"""The gateway and its keys, and the HTTP API, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelscan.cli.output.printer import Printer

if TYPE_CHECKING:
    from modelscan.verbs.connect.api import ApiStatus
    from modelscan.verbs.connect.gateway import GatewayStatus
    from modelscan.verbs.connect.keys import KnownKey
    from modelscan.verbs.connect.names import NamedRoute


def show_gateway(printer: Printer, found: GatewayStatus) -> None:
    note = " (nothing to do)" if found.changed is False else ""
    if found.status == "stopped":
        printer.line(f"gateway  stopped{note}")
        return
    printer.line(f"gateway  {found.status}  {found.base_url}{note}")
    counted = found.requests
    keys = ", ".join(found.keys) or "none: everybody on this machine may ask"
    rows = [("keys", keys)]
    if counted.total:
        rows.append(("requests", f"{counted.total}, {counted.in_flight} in flight, {counted.failed} failed"))
    rows += [
        ("tokens", f"{item.tokens} {item.type}, {item.model}" + (f", {item.key}" if item.key else ""))
        for item in found.tokens
    ]
    printer.pairs(rows)
    if found.models:
        printer.table(
            ("model", "served by", "status"),
            [(item.id, ", ".join((*item.deployments, *item.upstreams)), item.status) for item in found.models],
            drop=("served by",),
        )
    for item in found.upstreams:
        if item.cause is not None:
            printer.line(f"{item.name}: {item.cause}", "yellow")


def show_api(printer: Printer, found: ApiStatus) -> None:
    note = " (nothing to do)" if found.changed is False else ""
    if found.status == "stopped":
        printer.line(f"api  stopped{note}")
        return
    printer.line(f"api  {found.status}  {found.base_url}{note}")
    keys = ", ".join(found.keys) or "none: everybody on this machine may ask"
    printer.pairs([("keys", keys), ("page", f"{found.page_url}  modelscan ui opens it")])


def show_keys(printer: Printer, keys: Sequence[KnownKey]) -> None:
    if keys:
        printer.table(
            ("name", "models", "per minute", "created"),
            [(key.name, ", ".join(key.models) or "all", str(key.rate or "any"), key.created_at) for key in keys],
            drop=("created",),
        )


def show_named(printer: Printer, found: NamedRoute) -> None:
    if found.removed:
        printer.line(f"{found.name}  removed")
        return
    parts = [f"-> {found.alias}"] if found.alias else []
    parts += [f"falls back to {', '.join(found.fallbacks)}"] if found.fallbacks else []
    parts += [f"weight {found.weight}"] if found.weight != 1 else []
    printer.line(f"{found.name}  {', '.join(parts) or 'weight 1'}")
