"""What would help where nothing fits, the cheapest first. Every command was planned, and works."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.hardware.described import several
from modelscan.hardware.gpu_table import slug
from modelscan.model import Claim, Gpu, Hardware, Plan, PlanRequest, WeightsDescription
from modelscan.planning.options.budget import DEFAULT_UTILIZATION
from modelscan.planning.options.facts import PlanningFacts
from modelscan.planning.telling.command import Wording, option_of
from modelscan.units import GIB, format_bytes, format_count
from modelscan.weights.counting.bytes import BYTES_PER_PARAMETER, parameter_count

_COUNTS = (1, 2, 4, 8)
_HOSTS_GIB = (16, 32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)  # as machines are sold
_CAPTURED = 8
_GPUS = ("gpus", "no_gpu", "gpu_count")
_DIVISION = ("tensor_parallel", "pipeline_parallel")
_LIMITS = ("max_memory_bytes", "max_host_memory_bytes", "gpu_memory_utilization")
# What the user may have fixed and could leave to the plan, the cheapest to give up first.
_LOOSENED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("fewer concurrent requests", ("max_concurrency",)),
    ("a shorter context", ("context_length",)),
    ("more of the memory", ("max_memory_bytes",)),
    ("more of the host's memory", ("max_host_memory_bytes",)),
    ("let the plan choose the share from what is free", ("gpu_memory_utilization",)),
    ("another type of the KV cache", ("kv_cache_dtype",)),
    ("let the plan choose the GPUs", _GPUS),
    ("divided as the plan chooses", _DIVISION),
    ("let the plan choose the GPUs and divide the model", (*_GPUS, *_DIVISION)),
    ("another quantization", ("quantization",)),
    ("another data type", ("dtype",)),
    ("another quantization and data type", ("quantization", "dtype")),
    ("any GPU that is large enough", ("gpu_filters",)),
    ("another version of the backend", ("backend_version",)),
    ("another backend", ("backend", "backend_version")),
)
# What another machine may be asked without, the cheapest to give up first.
_ELSEWHERE: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ()),
    (", divided as the plan chooses", _DIVISION),
    (", with all of its memory", _LIMITS),
    (", divided as the plan chooses, with all of its memory", (*_DIVISION, *_LIMITS)),
)
_DEFAULTS: dict[str, Any] = {
    name: default
    for name, default in dataclasses.defaults(PlanRequest).items()
    if name not in {"model", "env", "allow_env"}
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A plan without a candidate, its request and how it was asked, and `decide`, which plans for another machine or
    request.
    """

    plan: Plan
    request: PlanRequest
    options: Sequence[WeightsDescription]
    claims: Sequence[Claim]
    facts: PlanningFacts
    wording: Wording
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
    if "memory_unknown" in codes:
        hints += _of_unknown_memory(refused)
    if "gpu_unusable" in codes:
        hints.append("see what is wrong: modelscan gpu")
        hints += _on_the_cpu(refused, "or run on the CPU")
    if "no_memory" in codes:
        hints += _too_large_in_any(refused)
    if codes & {"no_memory", "no_kernel"}:
        hints += [*_more_host_memory(refused), *_machines(refused)]
    return tuple(hints)


def _of_unknown_memory(refused: Refused) -> list[str]:
    """A description says what neither driver nor tools do; the CPU has its own memory."""
    described = refused.wording.described
    if described is not None:
        return [f"its description may say it: add `memory_total_bytes` to the device in {described}"]
    file = "machine.json"
    there = refused.wording.command(refused.request, described=file)
    seen = "see what is known of this device: modelscan gpu"
    written = (
        f"write its `memory_total_bytes` into a description: modelscan gpu --json > {file}, and plan with it: {there}"
    )
    return [seen, written, *(_on_the_cpu(refused, "or run on the CPU") if refused.plan.hardware.devices else [])]


def _on_the_cpu(refused: Refused, meanwhile: str = "meanwhile on the CPU") -> list[str]:
    asked = dataclasses.replace(refused.request, no_gpu=True)
    found = refused.decide(refused.plan.hardware, asked)
    return [f"{meanwhile}: {_command(refused, asked)}"] if found.feasible else []


def _command(refused: Refused, request: PlanRequest) -> str:
    return refused.wording.command(request)


def _loosened(refused: Refused) -> list[str]:
    """Each fixed value that alone stands in the way, with the value that fits; else those that do together."""
    hints: list[str] = []
    found: list[frozenset[str]] = []  # what it is enough to give up
    for what, fields in _LOOSENED:
        fixed = _without(refused.request, fields)
        if not fixed or any(given.issubset(fixed) for given in found):
            continue  # less of it is enough
        if "context_length" in fixed:
            fixed["context_length"] = "max"  # the longest that passes, and not the next round one
        asked = dataclasses.replace(refused.request, **fixed)
        chosen = refused.decide(refused.plan.hardware, asked).chosen
        if chosen is None:
            continue
        found.append(frozenset(fixed))
        if "context_length" in fixed:
            asked = dataclasses.replace(asked, context_length=chosen.max_model_len)
        if "max_concurrency" in fixed:
            asked = dataclasses.replace(asked, max_concurrency=_most_requests(refused, chosen.max_num_seqs or 1))
        if "quantization" in fixed:
            asked = dataclasses.replace(asked, quantization=chosen.quantization)
        hints.append(f"{what}: {_command(refused, asked)}")
    return hints or _loosened_together(refused)


def _loosened_together(refused: Refused) -> list[str]:
    """As few as possible of the fixed values: of all of them each that may stay is fixed again, the dearest first."""
    given_up = {name: value for _, fields in _LOOSENED for name, value in _without(refused.request, fields).items()}

    def fits(fields: Mapping[str, Any]) -> bool:
        asked = dataclasses.replace(refused.request, **fields)
        return refused.decide(refused.plan.hardware, asked).feasible

    if not given_up or not fits(given_up):
        return []
    for name in reversed(tuple(given_up)):
        fewer = {other: value for other, value in given_up.items() if other != name}
        if fits(fewer):
            given_up = fewer
    asked = dataclasses.replace(refused.request, **given_up)
    return [f"let the plan choose {' and '.join(map(option_of, given_up))}: {_command(refused, asked)}"]


def _without(request: PlanRequest, fields: Sequence[str]) -> dict[str, Any]:
    """What of these the user fixed, as it is where nobody fixes it."""
    return {name: _DEFAULTS[name] for name in fields if getattr(request, name) != _DEFAULTS[name]}


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


def _more_host_memory(refused: Refused) -> list[str]:
    """Where the host's memory is what lacks most nearly: the same machine with the next size of it that is enough."""
    nearest, hardware = refused.plan.rejected[0], refused.plan.hardware
    there, devices = hardware.cpu.memory_total_bytes, hardware.devices
    known = refused.facts.gpu(devices[0]) if devices else None
    if nearest.offload is None or nearest.code != "no_memory" or nearest.needed_bytes is None or there is None:
        return []
    if devices and (known is None or any(gpu.name != devices[0].name for gpu in devices)):
        return []
    for size in (gib * GIB for gib in _HOSTS_GIB if gib * GIB > max(there, nearest.needed_bytes)):
        larger = dataclasses.replace(hardware.cpu, memory_total_bytes=size, memory_free_bytes=size)
        gpus = several(known, len(devices)).devices if known is not None else ()
        machine = dataclasses.replace(hardware, devices=gpus, cpu=larger)
        if refused.elsewhere(machine, refused.request).feasible:
            count = f"{len(devices)}x" if len(devices) > 1 else ""
            spec = f"{count}{slug(known.name)}+{size // GIB}gib-ram" if known is not None else f"cpu:{size // GIB}gib"
            return [f"the same with more host memory: {refused.wording.command(refused.request, described=spec)}"]
    return []


def _machines(refused: Refused) -> list[str]:
    """More GPUs of the same kind, and the smallest machine that is large enough, with all that was asked but GPUs."""
    request = dataclasses.replace(refused.request, **_without(refused.request, _GPUS))
    sizes = [item.memory_per_gpu.weights_bytes * max(1, len(item.gpu_indices)) for item in refused.plan.rejected]
    least = min((size for size in sizes if size), default=0)
    hints: dict[str, str] = {}
    for what, machines in (
        ("more of these GPUs", _more(refused)),
        (f"a machine that {'is large enough' if least else 'runs it'}", _sorted(refused)),
    ):
        for size, spec, hardware in machines:
            if size * DEFAULT_UTILIZATION <= least:
                continue
            if (fits := _there(refused, hardware, request)) is not None:
                given_up, asked = fits
                hints.setdefault(spec, f"{what}{given_up}: {refused.wording.command(asked, described=spec)}")
                break
    return list(hints.values())


def _there(refused: Refused, hardware: Hardware, request: PlanRequest) -> tuple[str, PlanRequest] | None:
    """The request that fits another machine, with as little given up as that takes, and what that is."""
    tried: list[PlanRequest] = []
    for given_up, fields in _ELSEWHERE:
        asked = dataclasses.replace(request, **_without(request, fields))
        if asked not in tried and _with_room(refused.elsewhere(hardware, asked), asked):
            return given_up, asked
        tried.append(asked)
    return None


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
