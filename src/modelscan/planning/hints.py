"""What would help where nothing fits, in the order of what it costs."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.hardware.gpu_table import GpuFacts, slug
from modelscan.model import Model, Plan, PlanRequest, WeightsDescription
from modelscan.planning.budget import DEFAULT_UTILIZATION
from modelscan.planning.facts import PlanningFacts
from modelscan.planning.weights import BYTES_PER_PARAMETER, parameter_count
from modelscan.units import format_bytes, format_count

_COUNTS = (1, 2, 4, 8)
_ROOM = 0.8  # of what is available: the rest is for KV cache, activations and overhead
_LOWEST_CAPABILITY = 8.0


def hints_for(
    model: Model | None,
    options: Sequence[WeightsDescription],
    plan: Plan,
    request: PlanRequest,
    facts: PlanningFacts,
) -> tuple[str, ...]:
    """Commands and figures: a smaller context, no fixed quantization, another machine, a smaller model."""
    hints: list[str] = []
    codes = {rejection.code for rejection in plan.rejected}
    name = plan.model
    if request.context_length is not None and codes & {"no_memory", "context_too_long"}:
        hints.append(f"a shorter context: modelscan plan {name} (without --context-length)")
    if request.max_memory_bytes is not None and "no_memory" in codes:
        hints.append(f"more of the memory: modelscan plan {name} (without --max-memory)")
    if request.quantization is not None:
        hints.append(f"leave the quantization to the plan: modelscan plan {name}")
    if "memory_taken" in codes:
        hints.append(f"leave the share to the plan, which reads what is free: modelscan plan {name}")
    if "shape_unknown" in codes:
        hints.append(f"with a network the shape is read from the hub: modelscan plan {name}")
    if "no_memory" not in codes:
        return tuple(hints)
    known = model.parameters if model is not None else None
    count = known or max((parameter_count(item) or 0 for item in options), default=0)
    nearest = next(item for item in plan.rejected if item.code == "no_memory")
    available = (nearest.available_bytes or 0) * max(1, len(nearest.gpu_indices))
    if count:
        int4 = count * BYTES_PER_PARAMETER["INT4"]
        if int4 > available:
            hints.append(
                f"no quantization helps: in INT4 the weights of {format_count(count)} parameters alone are about "
                f"{format_bytes(int(int4))}"
            )
    machine = _machine_for(nearest.needed_bytes, max(1, len(nearest.gpu_indices)), facts)
    if machine is not None:
        hints.append(f"a machine that holds it: modelscan plan {name} --hardware {machine}")
    largest = int(available * _ROOM / BYTES_PER_PARAMETER["INT4"])
    family = (model.family if model is not None else None) or name.rsplit("/", 1)[-1].split("-")[0]
    hints.append(f"a smaller model: modelscan catalog search {family} --open --max-params {max(largest // 10**9, 1)}b")
    return tuple(hints)


def _machine_for(needed: int | None, devices: int, facts: PlanningFacts) -> str | None:
    """One GPU of the table that would hold so much, else the several of a kind with the least memory in all."""
    if needed is None:
        return None
    total = needed * devices
    fitting: list[tuple[int, int, GpuFacts]] = []
    for gpu in facts.gpus:
        known = gpu.compute_capability is not None and float(gpu.compute_capability) >= _LOWEST_CAPABILITY
        if not known or gpu.confidence != "A" or gpu.integrated:
            continue
        for count in _COUNTS:
            if count * gpu.usable_bytes * DEFAULT_UTILIZATION >= total:
                fitting.append((count * gpu.usable_bytes, count, gpu))
                break
    if not fitting:
        return None
    _, count, best = min(fitting, key=lambda item: (item[1] > 1, item[0]))
    return f"{count}x{slug(best.name)}" if count > 1 else slug(best.name)
