"""The figures of a backend that manages its memory by itself: as they are given, or as far as they are known."""

from __future__ import annotations

from modelscan.model import MemoryLine, MemoryPerGpu
from modelscan.planning.memory.arithmetic import line
from modelscan.planning.options.budget import Budget
from modelscan.weights.counting.sizes import Sized


def own_memory(
    backend: str, given: int | None, weights: Sized | None, budget: Budget
) -> tuple[MemoryPerGpu, tuple[MemoryLine, ...]]:
    """With `given`, that much. Without, at least the weights, at most all that may be used, and in between unknown."""
    least = weights or Sized(0, 0, 0)
    if given is not None:
        rest = max(given - least.estimate, 0)
        beside = Sized(rest, rest, rest)
        said = "what is left of the memory that it is given"
    else:
        beside = Sized(0, 0, max(budget.available - least.estimate, 0))
        said = f"not known: {backend} manages its memory by itself; at most all that may be used"
    loaded = least.estimate
    memory = MemoryPerGpu(
        weights_bytes=loaded,
        overhead_bytes=beside.estimate,
        total_bytes=loaded + beside.estimate,
        available_bytes=budget.available,
        total_low_bytes=loaded + beside.low,
        total_high_bytes=loaded + beside.high,
    )
    counted = Sized(loaded, loaded, loaded)
    return memory, (
        line("weights", "weights", counted, "as they are loaded"),
        line("overhead", "all else", beside, said),
    )
