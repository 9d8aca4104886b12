"""How much memory a plan may use: what is free now, less a reserve, less nothing that the user fixed."""

from __future__ import annotations

import math

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.model import Cpu, Gpu, MemoryPerGpu, PlanRequest
from modelscan.units import GIB, MIB

DEFAULT_UTILIZATION = 0.92  # vLLM 0.33: --gpu-memory-utilization
# Between our reading and the backend's own there come its CUDA context (0.3 to 0.5 GiB) and, with several GPUs, NCCL's
# buffers: vLLM 0.33 sets both up before it compares what is free (v1/worker/gpu_worker.py: init_device).
GPU_RESERVE = 768 * MIB
HOST_RESERVE = 1 * GIB
# Of memory that a GPU shares with the host. vLLM's recipes for GB10 say 0.8 (vllm-project/recipes, overrides for
# dgx_spark_gb10), and 0.82 to 0.83 is the most that starts on an idle one
# (MiaAI-Lab/GLM-5.3-Flash-EXL3-2x-DGX-Sparks#47): loading and the host need the rest.
SHARED_UTILIZATION = 0.8


@dataclass(frozen=True, slots=True)
class Budget:
    """`available` bytes on one device. `utilization` is the backend's share of a GPU's total, None on the CPU.

    `free` is what it may not go beyond: only a share that the user fixed can. `spare` is what stays free of what could
    be used.
    """

    available: int
    total: int
    free: int
    utilization: float | None = None
    spare: int = 0


def narrowed(budget: Budget, needed: int, request: PlanRequest) -> Budget:
    """A GPU's budget without what nothing would use, in hundredths; what the user fixed is kept."""
    fixed = request.gpu_memory_utilization is not None or request.max_memory_bytes is not None
    if budget.utilization is None or fixed:
        return budget
    share = min(budget.utilization, math.ceil(needed / budget.total * 100) / 100)
    available = int(share * budget.total)
    return dataclasses.replace(
        budget, available=available, utilization=share, spare=max(budget.available - available, 0)
    )


def gpu_budget(gpu: Gpu, request: PlanRequest, *, most: float = DEFAULT_UTILIZATION) -> Budget | None:
    """What may be used of one GPU, at most the share `most` unless the user fixed one; None where even its size is
    unknown. Of memory that is the host's too, the host keeps its share.

    vLLM refuses to start unless `utilization x total` is free, so our share is rounded down to a hundredth; one that
    the user fixed is kept as it is.
    """
    total = gpu.memory_usable_bytes or gpu.memory_total_bytes
    if not total:
        return None
    free = total if gpu.memory_free_bytes is None else min(gpu.memory_free_bytes, total)
    given = most_of(gpu, request)
    allowed = 1.0 if given is None else given / total
    reserve = GPU_RESERVE
    if gpu.integrated:
        most, reserve = min(most, SHARED_UTILIZATION), GPU_RESERVE + HOST_RESERVE
    share = max(math.floor(min(most, (free - reserve) / total, allowed) * 100) / 100, 0.0)
    if request.gpu_memory_utilization is not None:
        share = min(request.gpu_memory_utilization, allowed)
    return Budget(available=int(share * total), total=total, free=free, utilization=share)


def static_share(memory: MemoryPerGpu, budget: Budget) -> float:
    """For a backend whose share holds weights and KV cache only: activations and graphs live in what it leaves.

    Of the memory that is free before it loads (SGLang 0.5.23: mem_cache/kv_cache_configurator.py), rounded down.
    """
    return math.floor((memory.weights_bytes + memory.kv_cache_bytes) / max(budget.free, 1) * 1000) / 1000


def host_budget(cpu: Cpu, request: PlanRequest) -> Budget | None:
    """What may be used of the host's memory."""
    free = cpu.memory_free_bytes or cpu.memory_total_bytes
    if free is None:
        return None
    bounds = (max(free - HOST_RESERVE, 0), request.max_memory_bytes, request.max_host_memory_bytes)
    available = min(bound for bound in bounds if bound is not None)
    return Budget(available=available, total=cpu.memory_total_bytes or free, free=free)


def most_of(gpu: Gpu, request: PlanRequest) -> int | None:
    """What the user allows of a GPU; of memory that is the host's too, also what is allowed of the host's."""
    bounds = (request.max_memory_bytes, request.max_host_memory_bytes if gpu.integrated else None)
    return min((bound for bound in bounds if bound is not None), default=None)
