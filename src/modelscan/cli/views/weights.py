"""Weights on this machine as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelscan.cli.output.printer import Printer
from modelscan.model.results import WeightsHere
from modelscan.storage.shipped import is_shipped
from modelscan.units import format_bytes
from modelscan.verbs.carry.weights import Freed

_COMMIT_SHOWN = 8


def show_weights(printer: Printer, found: Sequence[WeightsHere]) -> None:
    rows = [
        [
            item.repo_id,
            item.source,
            ",".join(commit[:_COMMIT_SHOWN] for commit in item.commits) or "-",
            format_bytes(item.size_bytes) + (" (incomplete)" if item.unfinished_bytes else ""),
            _origin(item),
            ",".join(item.used_by) or "-",
        ]
        for item in found
    ]
    printer.table(
        ["weights", "source", "commits", "size", "origin", "used by"],
        rows,
        right=["size"],
        drop=["commits", "origin", "source"],
    )


def _origin(item: WeightsHere) -> str:
    if item.downloaded_at or is_shipped(Path(item.path)):
        return "modelscan"
    return "you" if item.source == "local_path" else "another program"


def show_pulled(printer: Printer, pulled: Mapping[str, Any]) -> None:
    note = "" if pulled["changed"] else " (already present)"
    size = format_bytes(pulled["size_bytes"])
    printer.line(f"{pulled['repo_id']}  {pulled['quantization'] or '-'}  {size}  {pulled['path']}{note}")


def show_verified(printer: Printer, verification: Mapping[str, Any]) -> None:
    for item in verification["checked"]:
        commit = f"  {item['revision'][:_COMMIT_SHOWN]}" if item["revision"] else ""
        verdict = "checksums match" if item["checksums"] else "complete by their headers; no hub has checksums of them"
        size = format_bytes(item["size_bytes"])
        printer.line(f"{item['repo_id']}{commit}  {item['files']} files, {size}: {verdict}")


def show_removed(printer: Printer, freed: Mapping[str, Any]) -> None:
    for item in freed["weights"]:
        printer.line(f"{item['repo_id']}  removed, {format_bytes(item['size_bytes'])} freed")


def show_freed(printer: Printer, freed: Freed) -> None:
    for item in freed.weights:
        printer.line(f"{item.repo_id}  {format_bytes(item.size_bytes)}  {item.path}")
    printer.line(freed_line(freed))


def freed_line(freed: Freed) -> str:
    if not freed.weights and not freed.freed_bytes:
        return "Nothing to free: no downloaded weights are unused"
    if not freed.freed_bytes and freed.size_bytes:
        return f"Would free {format_bytes(freed.size_bytes)}"
    return f"Freed {format_bytes(freed.freed_bytes)}"
