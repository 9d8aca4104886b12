"""What would help where nothing fits, the cheapest first. Every command was planned, and works."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.hardware.described import several
from modelscan.hardware.gpu_table import slug
from modelscan.model import Claim, Gpu, Hardware, Plan, PlanRequest, WeightsDescription
from modelscan.planning.options.budget import DEFAULT_UTILIZATION
from modelscan.planning.options.facts import PlanningFacts
from modelscan.planning.telling.command import plan_command
from modelscan.units import format_bytes, format_count
from modelscan.weights.counting.bytes import BYTES_PER_PARAMETER, parameter_count

_COUNTS = (1, 2, 4, 8)
_CAPTURED = 8
# What the user may have fixed and could leave to the plan, the cheapest to give up first.
_LOOSENED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("fewer concurrent requests", ("max_concurrency",)),
    ("a shorter context", ("context_length",)),
    ("more of the memory", ("max_memory_bytes",)),
    ("let the plan choose the share from what is free", ("gpu_memory_utilization",)),
    ("another type of the KV cache", ("kv_cache_dtype",)),
    ("let the plan choose the GPUs", ("gpus", "no_gpu", "gpu_count", "tensor_parallel", "pipeline_parallel")),
    ("another quantization", ("quantization", "dtype")),
    ("any GPU that is large enough", ("gpu_filters",)),
    ("another backend", ("backend", "backend_version")),
)
_OF_THE_MACHINE = (
    *("gpus", "no_gpu", "gpu_count", "tensor_parallel", "pipeline_parallel"),
    *("max_memory_bytes", "gpu_memory_utilization"),
)
_DEFAULTS: dict[str, Any] = {
    name: default
    for name, default in dataclasses.defaults(PlanRequest).items()
    if name not in {"model", "env", "allow_env"}
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A plan without a candidate, its request, and `decide`, which plans for another machine or request.

    `reference` is the model as the user names it; `described` the `--hardware` that was planned for, None where it was
    this machine.
    """

    plan: Plan
    request: PlanRequest
    options: Sequence[WeightsDescription]
    claims: Sequence[Claim]
    facts: PlanningFacts
    reference: str
    described: str | None
    decide: Callable[[Hardware, PlanRequest], Plan]
    elsewhere: Callable[[Hardware, PlanRequest], Plan]


def hints_for(refused: Refused) -> tuple[str, ...]:
    """What to stop, what to leave to the plan, another machine; the catalog names smaller models."""
    codes = {rejection.code for rejection in refused.plan.rejected}
    hints = _stopping(refused) if codes & {"no_memory", "memory_taken"} else []
    hints += _loosened(refused)
    if "not_streamed" in codes:
        place = next(item.location for item in refused.options if item.source == "s3")
        hints.append(f"download them to a folder: modelscan pull {place} --to ./{place.rpartition('/')[2]}")
    if "shape_unknown" in codes:
        hints.append(f"with network access the shape is read from the hub: {_command(refused, refused.request)}")
    if "driver_too_old" in codes:
        hints.append("install a newer driver, then check it: modelscan gpu")
        hints += _on_the_cpu(refused)
    if "gpu_unusable" in codes:
        hints.append("see what is wrong: modelscan gpu")
        hints += _on_the_cpu(refused, "or run on the CPU")
    if "no_memory" in codes:
        hints += _too_large_in_any(refused)
    if codes & {"no_memory", "no_kernel"}:
        hints += _machines(refused)
    return tuple(hints)


def _on_the_cpu(refused: Refused, meanwhile: str = "meanwhile on the CPU") -> list[str]:
    asked = dataclasses.replace(refused.request, no_gpu=True)
    found = refused.decide(refused.plan.hardware, asked)
    return [f"{meanwhile}: {_command(refused, asked)}"] if found.feasible else []


def _command(refused: Refused, request: PlanRequest) -> str:
    return plan_command(dataclasses.replace(request, model=refused.reference), refused.described)


def _loosened(refused: Refused) -> list[str]:
    """Each fixed value that alone stands in the way, with the value that fits; else all of them together."""
    hints, without = [], refused.request
    for what, fields in _LOOSENED:
        fixed = {name: _DEFAULTS[name] for name in fields if getattr(refused.request, name) != _DEFAULTS[name]}
        if not fixed:
            continue
        if "context_length" in fixed:
            fixed["context_length"] = "max"  # the longest that passes, and not the next round one
        without = dataclasses.replace(without, **fixed)
        asked = dataclasses.replace(refused.request, **fixed)
        chosen = refused.decide(refused.plan.hardware, asked).chosen
        if chosen is None:
            continue
        if "context_length" in fixed:
            asked = dataclasses.replace(asked, context_length=chosen.max_model_len)
        if "max_concurrency" in fixed:
            asked = dataclasses.replace(asked, max_concurrency=_most_requests(refused, chosen.max_num_seqs or 1))
        if "quantization" in fixed:
            asked = dataclasses.replace(asked, quantization=chosen.quantization)
        hints.append(f"{what}: {_command(refused, asked)}")
    if not hints and without != refused.request and refused.decide(refused.plan.hardware, without).feasible:
        hints.append(f"let the plan choose all of it: {_command(refused, without)}")
    return hints


def _most_requests(refused: Refused, passes: int) -> int:
    """The most concurrent requests that pass, found by halving, in the steps in which graphs are captured."""
    steps = range(-(-passes // _CAPTURED), (refused.request.max_concurrency or passes) // _CAPTURED + 1)

    def fails(step: int) -> bool:
        asked = dataclasses.replace(refused.request, max_concurrency=step * _CAPTURED)
        return not refused.decide(refused.plan.hardware, asked).feasible

    first = bisect_left(steps, True, key=fails)
    return max(steps[first - 1] * _CAPTURED, passes) if first else passes


def _too_large_in_any(refused: Refused) -> list[str]:
    """Where even four bits are too many: the arithmetic, so that nobody looks for a smaller quantization."""
    count = max((parameter_count(item) or 0 for item in refused.options), default=0)
    there = max((item.available_bytes or 0) * max(1, len(item.gpu_indices)) for item in refused.plan.rejected)
    int4 = int(count * BYTES_PER_PARAMETER["INT4"])
    if not count or int4 <= there:
        return []
    parameters = f"in INT4 the weights of {format_count(count)} parameters alone are about {format_bytes(int4)}"
    return [f"no quantization helps: {parameters}"]


def _stopping(refused: Refused) -> list[str]:
    """The smallest deployment whose memory alone would be enough; else all of them, where that would be enough."""
    held: dict[str, list[Claim]] = {}
    for claim in refused.claims:
        held.setdefault(claim.deployment, []).append(claim)
    alone = sorted(held, key=lambda name: sum(claim.claimed_bytes for claim in held[name]))
    for names in [*([name] for name in alone), alone if len(alone) > 1 else []]:
        freed = [claim for name in names for claim in held[name]]
        if freed and refused.decide(_given_back(refused.plan.hardware, freed), refused.request).feasible:
            size = format_bytes(sum(claim.claimed_bytes for claim in freed))
            return [f"free {size}: modelscan stop {' '.join(names)}"]
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


def _machines(refused: Refused) -> list[str]:
    """More GPUs of the same kind, and the smallest machine that is large enough."""
    request = dataclasses.replace(refused.request, **{name: _DEFAULTS[name] for name in _OF_THE_MACHINE})
    sizes = [item.memory_per_gpu.weights_bytes * max(1, len(item.gpu_indices)) for item in refused.plan.rejected]
    least = min((size for size in sizes if size), default=0)
    hints: dict[str, str] = {}
    for what, machines in (
        ("more of these GPUs", _more(refused)),
        ("a machine that is large enough", _sorted(refused)),
    ):
        for size, spec, hardware in machines:
            if size * DEFAULT_UTILIZATION > least and _with_room(refused.elsewhere(hardware, request), request):
                asked = dataclasses.replace(request, model=refused.reference)
                hints.setdefault(spec, f"{what}: {plan_command(asked, spec)}")
                break
    return list(hints.values())


def _with_room(plan: Plan, request: PlanRequest) -> bool:
    """Whether it fits without the last of the memory: nobody buys a machine to fill it completely."""
    share = plan.chosen.gpu_memory_utilization if plan.chosen is not None else 1.0
    return plan.feasible and (request.gpu_memory_utilization is not None or (share or 0) <= DEFAULT_UTILIZATION)


_Machine = tuple[int, str, Hardware]


def _more(refused: Refused) -> list[_Machine]:
    """One more of the GPU that is there, and as many as machines have, in one machine."""
    devices = refused.plan.hardware.devices
    known = refused.facts.gpu(devices[0]) if devices else None
    if known is None or known.integrated or any(gpu.name != devices[0].name for gpu in devices):
        return []
    return [
        (count * known.usable_bytes, f"{count}x{slug(known.name)}", several(known, count))
        for count in sorted({*_COUNTS, len(devices) + 1})
        if count > len(devices) and count % known.devices == 0
    ]


def _sorted(refused: Refused) -> list[_Machine]:
    """The machines that GPUs are sold in, of the vendor that is there already, by their memory: one with less costs
    less, and prices are not kept, which would be old.
    """
    devices: Sequence[Gpu] = refused.plan.hardware.devices
    vendor = devices[0].vendor if devices else "nvidia"
    found = [
        (count * gpu.usable_bytes, f"{count}x{slug(gpu.name)}" if count > 1 else slug(gpu.name), several(gpu, count))
        for gpu in refused.facts.gpus
        if gpu.vendor == vendor
        for count in gpu.machines
    ]
    return sorted(found, key=lambda item: item[:1])
