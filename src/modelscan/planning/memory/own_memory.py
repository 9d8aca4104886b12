"""The figures of a backend that manages its own memory: as given, or as far as they are known."""

from __future__ import annotations

from modelscan.model import MemoryLine, MemoryPerGpu
from modelscan.planning.memory.arithmetic import line
from modelscan.planning.options.budget import Budget
from modelscan.weights.counting.sizes import Sized


def own_memory(
    backend: str, given: int | None, weights: Sized | None, budget: Budget
) -> tuple[MemoryPerGpu, tuple[MemoryLine, ...]]:
    """With `given`, that much or what is free. Without, at least the weights, at most all that may be used, and in
    between unknown.
    """
    loaded = weights.estimate if weights is not None else 0
    if given is not None:  # to the byte: a budget is rounded down to a share, which this backend does not take
        available = min(given, budget.free)
        rest = max(available - loaded, 0)
        beside = Sized(rest, rest, rest)
        how = "the rest of the memory that it is given"
    else:
        available = budget.available
        beside = Sized(0, 0, max(available - loaded, 0))
        how = f"unknown: {backend} manages its own memory; at most all that may be used"
    memory = MemoryPerGpu(
        weights_bytes=loaded,
        overhead_bytes=beside.estimate,
        total_bytes=loaded + beside.estimate,
        available_bytes=available,
        total_low_bytes=loaded + beside.low,
        total_high_bytes=loaded + beside.high,
    )
    counted = Sized(loaded, loaded, loaded)
    return memory, (
        line("weights", "weights", counted, "as loaded"),
        line("overhead", "all else", beside, how),
    )
