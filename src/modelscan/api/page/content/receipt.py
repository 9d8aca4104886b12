"""What was predicted of a deployment against what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from modelscan.dataclasses import dataclass
from modelscan.model import Deployment, Pricing
from modelscan.system.clock import parse_rfc3339
from modelscan.units import format_bytes, format_price, format_seconds, format_tokens

_PARTS = (
    ("Weights", "weights_bytes"),
    ("KV cache", "kv_cache_bytes"),
    ("Activations", "activations_bytes"),
    ("Overhead", "overhead_bytes"),
    ("Graphs, of the overhead", "graphs_bytes"),
)


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """`difference` is measured against predicted, in percent."""

    what: str
    predicted: str
    measured: str
    difference: float | None = None
    inner: bool = False


def receipt(item: Deployment, hosted: Pricing | None) -> list[ReceiptRow]:
    """Memory, its parts as planned for each device, speed, and the hosted price of the same model."""
    return [*_memory(item), *_speed(item), *_price(hosted)]


def _memory(item: Deployment) -> Iterator[ReceiptRow]:
    sizes = item.memory
    yield ReceiptRow(
        "Memory",
        format_bytes(sizes.estimated_bytes) if sizes.estimated_bytes else "-",
        format_bytes(sizes.measured_bytes) if sizes.measured_bytes else "-",
        _apart(sizes.estimated_bytes, sizes.measured_bytes),
    )
    planned_parts: Mapping[str, Any] = item.plan.get("memory_per_gpu") or {}
    for what, name in _PARTS:
        expected, found = planned_parts.get(name), getattr(sizes.measured_parts, name, None)
        if expected or found:
            texts = (format_bytes(expected) if expected else "-", format_bytes(found) if found else "-")
            yield ReceiptRow(what, *texts, _apart(expected, found), inner=True)
    planned = item.plan.get("kv_cache_tokens")
    if planned or item.kv_cache_tokens:
        yield ReceiptRow(
            "KV cache holds",
            f"{format_tokens(planned)} tokens" if planned else "-",
            f"{format_tokens(item.kv_cache_tokens)} tokens" if item.kv_cache_tokens else "-",
            _apart(planned, item.kv_cache_tokens),
        )


def _speed(item: Deployment) -> Iterator[ReceiptRow]:
    planned = (item.plan.get("estimated") or {}).get("decode_tokens_per_second")
    measured = item.measured.decode_tokens_per_second
    yield ReceiptRow(
        "Speed of one request",
        f"{planned:.0f} tokens/s" if planned else "-",
        f"{measured:.0f} tokens/s" if measured else "-",
        _apart(planned, measured),
    )
    if item.measured.ttft_ms is not None:
        yield ReceiptRow("Time to first token", "-", f"{item.measured.ttft_ms:.0f} ms")
    if item.started_at and item.ready_at and item.ready_at >= item.started_at:
        took = (parse_rfc3339(item.ready_at) - parse_rfc3339(item.started_at)).total_seconds()
        yield ReceiptRow("Start", "-", format_seconds(took))


def _price(hosted: Pricing | None) -> Iterator[ReceiptRow]:
    if hosted is not None and hosted.output is not None:
        text = f"{format_price(hosted.input or 0)} in, {format_price(hosted.output)} out"
        yield ReceiptRow("Hosted, per million tokens", text, "")


def _apart(predicted: float | None, measured: float | None) -> float | None:
    return 100 * (measured - predicted) / predicted if predicted and measured else None
