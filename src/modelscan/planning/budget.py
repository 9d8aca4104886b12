"""How much memory a plan may use: what is free now, less a reserve, less nothing that the user fixed."""

from __future__ import annotations

import math
from dataclasses import dataclass

from modelscan.model import Cpu, Gpu, PlanRequest
from modelscan.units import GIB, MIB

DEFAULT_UTILIZATION = 0.92  # vLLM 0.33: --gpu-memory-utilization
_GPU_RESERVE = 256 * MIB  # free memory moves between the reading and the start
_HOST_RESERVE = 1 * GIB


@dataclass(frozen=True, slots=True)
class Budget:
    """`available` bytes on one device. `utilization` is the backend's share of a GPU's total, None on the CPU."""

    available: int
    total: int
    utilization: float | None = None


def gpu_budget(gpu: Gpu, request: PlanRequest) -> Budget | None:
    """What may be used of one GPU; None where even its size is unknown.

    vLLM refuses to start unless `utilization x total` is free, so the share is rounded down to a hundredth.
    """
    total = gpu.memory_usable_bytes or gpu.memory_total_bytes
    if not total:
        return None
    free = total if gpu.memory_free_bytes is None else min(gpu.memory_free_bytes, total)
    reserve = 0 if free == total else _GPU_RESERVE
    share = min(DEFAULT_UTILIZATION, (free - reserve) / total)
    if request.gpu_memory_utilization is not None:
        share = request.gpu_memory_utilization
    if request.max_memory_bytes is not None:
        share = min(share, request.max_memory_bytes / total)
    share = max(math.floor(share * 100) / 100, 0.0)
    return Budget(available=int(share * total), total=total, utilization=share)


def host_budget(cpu: Cpu, request: PlanRequest) -> Budget | None:
    """What may be used of the host's memory."""
    free = cpu.memory_free_bytes or cpu.memory_total_bytes
    if free is None:
        return None
    available = max(free - _HOST_RESERVE, 0)
    if request.max_memory_bytes is not None:
        available = min(available, request.max_memory_bytes)
    return Budget(available=available, total=cpu.memory_total_bytes or free)
