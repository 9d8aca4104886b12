"""The figures of a backend that manages its own memory: as given, as measured, or as far as they are known."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model import MemoryLine, MemoryPerGpu
from modelscan.planning.memory.arithmetic import line
from modelscan.planning.memory.footprint import independent
from modelscan.planning.options.budget import Budget
from modelscan.planning.options.setting import Setting
from modelscan.weights.counting.sizes import Sized

_NOTHING = Sized(0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Beside:
    """What it takes beside weights; each with how that is known."""

    working: Sized
    process: Sized
    how_working: str
    how_process: str


def own_memory(
    setting: Setting, form: str | None, weights: Sized | None, budget: Budget
) -> tuple[MemoryPerGpu, tuple[MemoryLine, ...]]:
    """With `--max-memory`, that much or what is free. Without, the weights and what its process was measured to take;
    where that is not known, at least the weights, at most all that may be used, and in between unknown. `form` is the
    format of the weights.
    """
    given, size = setting.request.max_memory_bytes, weights.estimate if weights is not None else 0
    known = setting.occupies is not None and given is None
    loaded = weights if weights is not None and known else Sized(size, size, size)
    # To the byte: a budget is rounded down to a share, which this backend does not take.
    available = budget.available if given is None else min(given, budget.free)
    beside = _beside(setting, form, loaded, available)
    total = independent((loaded, beside.working, beside.process))
    memory = MemoryPerGpu(
        weights_bytes=loaded.estimate,
        activations_bytes=beside.working.estimate,
        overhead_bytes=beside.process.estimate,
        total_bytes=total.estimate,
        available_bytes=available,
        total_low_bytes=total.low,
        total_high_bytes=total.high,
    )
    lines = [line("weights", "weights", loaded, "as loaded")]
    if beside.working.high:
        lines.append(line("activations", "activations", beside.working, beside.how_working))
    lines.append(line("overhead", "all else", beside.process, beside.how_process))
    return memory, tuple(lines)


def _beside(setting: Setting, form: str | None, loaded: Sized, available: int) -> _Beside:
    if setting.request.max_memory_bytes is not None:
        rest = max(available - loaded.estimate, 0)
        how = "the rest of the memory that it is given"
        return _Beside(working=_NOTHING, process=Sized(rest, rest, rest), how_working="", how_process=how)
    if setting.occupies is None:
        most = Sized(0, 0, max(available - loaded.estimate, 0))
        how = f"unknown: {setting.backend} manages its own memory; at most all that may be used"
        return _Beside(working=_NOTHING, process=most, how_working="", how_process=how)
    return _Beside(
        working=setting.occupies.working(setting.task, loaded.estimate, form),
        process=setting.occupies.process(setting.task, setting.device, form),
        how_working="one request while it is computed, by measured starts",
        how_process="its process and libraries, by measured starts",
    )
