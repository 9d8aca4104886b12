"""What would help where nothing fits, in the order of what it costs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from modelscan.hardware.gpu_table import GpuFacts, slug
from modelscan.model import Claim, Hardware, Model, Plan, PlanRequest, WeightsDescription
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
    claims: Sequence[Claim],
    fits: Callable[[Hardware, PlanRequest], bool],
) -> tuple[str, ...]:
    """Commands and figures: what to stop, a smaller context, no fixed quantization, another machine, a smaller model.

    `fits` answers for another machine or request, so that nothing is promised that would be refused again.
    """
    codes = {rejection.code for rejection in plan.rejected}
    name = plan.model
    hints = _stopping(plan, request, claims, fits) if codes & {"no_memory", "memory_taken"} else []
    hints += _loosened(name, codes, request, lambda asked: fits(plan.hardware, asked))
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


def _loosened(name: str, codes: set[str], request: PlanRequest, fits: Callable[[PlanRequest], bool]) -> list[str]:
    """What the user fixed and could leave to the plan, where that would be enough."""
    without = (
        ("context_length", {"no_memory", "context_too_long"}, "a shorter context", " (without --context-length)"),
        ("max_memory_bytes", {"no_memory"}, "more of the memory", " (without --max-memory)"),
        ("quantization", codes, "leave the quantization to the plan", ""),
    )
    return [
        f"{what}: modelscan plan {name}{how}"
        for field, where, what, how in without
        if getattr(request, field) is not None and codes & where and fits(dataclasses.replace(request, **{field: None}))  # type: ignore[arg-type]
    ]


def _stopping(
    plan: Plan, request: PlanRequest, claims: Sequence[Claim], fits: Callable[[Hardware, PlanRequest], bool]
) -> list[str]:
    """The one deployment whose end would be enough, the one that holds least; else all of them, where that would be."""
    held: dict[str, list[Claim]] = {}
    for claim in claims:
        held.setdefault(claim.deployment, []).append(claim)
    alone = sorted(held, key=lambda name: sum(claim.claimed_bytes for claim in held[name]))
    for names in [*([name] for name in alone), alone if len(alone) > 1 else []]:
        freed = [claim for name in names for claim in held[name]]
        if freed and fits(_given_back(plan.hardware, freed), request):
            size = format_bytes(sum(claim.claimed_bytes for claim in freed))
            return [f"give back {size}: modelscan stop {' '.join(names)}"]
    return []


def _given_back(hardware: Hardware, claims: Sequence[Claim]) -> Hardware:
    def more(free: int | None, total: int | None, index: int | None) -> int | None:
        size = sum(claim.claimed_bytes for claim in claims if claim.gpu_index == index)
        return None if free is None else free + size if total is None else min(free + size, total)

    cpu = hardware.cpu
    return dataclasses.replace(
        hardware,
        cpu=dataclasses.replace(cpu, memory_free_bytes=more(cpu.memory_free_bytes, cpu.memory_total_bytes, None)),
        devices=tuple(
            dataclasses.replace(gpu, memory_free_bytes=more(gpu.memory_free_bytes, gpu.memory_total_bytes, gpu.index))
            for gpu in hardware.devices
        ),
    )


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
