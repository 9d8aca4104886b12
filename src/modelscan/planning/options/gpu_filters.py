"""Which GPUs a deployment file allows, in the words of GPUStack's specs: vendor, memory, compute capability."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, gt, le, lt
from typing import Any

from modelscan.errors import Usage
from modelscan.model import Gpu, GpuFilters
from modelscan.parsing.regex import regex
from modelscan.units import GIB

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {">=": ge, "<=": le, ">": gt, "<": lt, "==": eq, "": ge}
_BOUND = regex(r"(>=|<=|==|>|<|)\s*(\d+(?:\.\d+)?)")
# A card sold as "24 GB" may report up to this much less to its driver.
_SELLERS_SHARE = 0.9
_KEYS = frozenset({"vendor", "min_memory_gb", "compute_capability"})


def read_gpu_filters(document: Mapping[str, Any]) -> GpuFilters:
    """Of a deployment file. Raises Usage, naming the key: a filter that is not understood would let everything in."""
    for key in set(document) - _KEYS:
        raise Usage(f"`{key}` is not a GPU filter", hints=[f"known are {', '.join(sorted(_KEYS))}"])
    vendors = document.get("vendor") or ()
    vendors = (vendors,) if isinstance(vendors, str) else tuple(vendors)
    memory = document.get("min_memory_gb")
    if memory is not None and (isinstance(memory, bool) or not isinstance(memory, int | float) or memory < 0):
        raise Usage(f"`min_memory_gb: {memory}` is not a size in GB", hints=["write it like min_memory_gb: 24"])
    capability = document.get("compute_capability")
    text = None if capability is None else str(capability)
    if text is not None and not all(_BOUND.fullmatch(part.strip()) for part in text.split(",")):
        raise Usage(
            f"`compute_capability: {text}` cannot be compared", hints=['write it like compute_capability: ">=8.9"']
        )
    if not all(isinstance(vendor, str) for vendor in vendors):
        raise Usage(f"`vendor: {document['vendor']}` is not a vendor", hints=["write it like vendor: nvidia"])
    return GpuFilters(vendor=tuple(vendor.lower() for vendor in vendors), min_memory_gb=memory, compute_capability=text)


def admitted(devices: Sequence[Gpu], filters: GpuFilters | None) -> tuple[Gpu, ...]:
    """Those that match all filters. What a driver does not say matches none that asks for it."""
    return tuple(gpu for gpu in devices if filters is None or _matches(gpu, filters))


def is_sold_with(memory_bytes: int, gigabytes: float) -> bool:
    """Whether a GPU with this memory, by its driver, is sold as one with so many GB, or more."""
    return memory_bytes >= gigabytes * GIB * _SELLERS_SHARE


def _matches(gpu: Gpu, filters: GpuFilters) -> bool:
    if filters.vendor and gpu.vendor not in filters.vendor:
        return False
    if filters.min_memory_gb is not None and not is_sold_with(gpu.memory_total_bytes or 0, filters.min_memory_gb):
        return False
    if filters.compute_capability is None:
        return True
    if gpu.compute_capability is None:
        return False
    mine = _release(gpu.compute_capability)
    bounds = (_BOUND.fullmatch(part.strip()) for part in filters.compute_capability.split(","))
    return all(bound is not None and _COMPARISONS[bound[1]](mine, _release(bound[2])) for bound in bounds)


def filters_text(filters: GpuFilters) -> str:
    """What is asked for, for a sentence."""
    parts = [" or ".join(filters.vendor)] if filters.vendor else []
    parts += [f"at least {filters.min_memory_gb:g} GB"] if filters.min_memory_gb is not None else []
    parts += [f"compute capability {filters.compute_capability}"] if filters.compute_capability is not None else []
    return ", ".join(parts) or "anything"


def _release(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in f"{text}.0".split(".")[:2])
