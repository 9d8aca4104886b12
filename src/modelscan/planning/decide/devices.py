"""Which GPUs may be used, and which of them are judged together."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.errors import GpuNotFound
from modelscan.model import Device, Gpu, Hardware, PlanRequest
from modelscan.planning.options.layouts import alike


def usable(hardware: Hardware, request: PlanRequest) -> tuple[Gpu, ...]:
    """The GPUs that may be used: those that were named, else all but integrated ones beside others."""
    if request.no_gpu:
        return ()
    if request.gpus:
        return tuple(_named(word, hardware) for word in request.gpus)
    discrete = tuple(gpu for gpu in hardware.devices if not gpu.integrated)
    return discrete or hardware.devices


def kinds(devices: tuple[Gpu, ...], request: PlanRequest) -> list[tuple[Gpu, ...]]:
    """The GPUs by kind, the largest first: each kind is judged for itself, then all together where one vendor made
    them. GPUs that were named stay together.

    One without devices is the CPU.
    """
    if not devices or request.gpus:
        return [devices]
    groups = [tuple(group) for group in alike(devices)]
    groups.sort(key=lambda group: -(group[0].memory_total_bytes or 0))
    together = len(groups) > 1 and len({gpu.vendor for gpu in devices}) == 1
    return [*groups, devices] if together else groups


def _named(word: str, hardware: Hardware) -> Gpu:
    for gpu in hardware.devices:
        if word == str(gpu.index) or (gpu.uuid is not None and gpu.uuid.lower().startswith(word.lower())):
            return gpu
    known = [str(gpu.index) for gpu in hardware.devices]
    raise GpuNotFound(
        f"there is no GPU `{word}`",
        cause=[f"this machine has {', '.join(known)}" if known else "this machine has none", *hardware.faults],
        hints=["modelscan gpu", "or run on the CPU: --gpu none"],
        details={"known": known},
    )


def device_of(devices: Sequence[Gpu]) -> Device:
    if not devices:
        return "cpu"
    return "rocm" if devices[0].vendor == "amd" else "cuda"
