"""What each layer takes on its device and beside it, and what each device has."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.backends.base import Working
from modelscan.backends.capabilities import Offloads
from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, Cpu, Device, Gpu, PlanRequest, TensorBytes
from modelscan.planning.options.budget import GPU_RESERVE, HOST_RESERVE, most_of
from modelscan.weights.counting.gguf_bytes import LaidOut
from modelscan.weights.counting.sizes import Sized, within


@dataclass(frozen=True, slots=True)
class LayerLoad:
    """Bytes: its matrices, of them those of experts, and what it keeps of requests."""

    rest: int
    experts: int
    cache: int

    @property
    def whole(self) -> int:
        return self.rest + self.experts + self.cache


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """All that is to be placed, for so many requests of a length. `margin` is what the weights may be larger by."""

    layers: tuple[LayerLoad, ...]
    embedding: int
    output: int
    copied: int
    projector: int
    working: Working
    staged: int
    context: int
    requests: int
    margin: float

    @property
    def has_experts(self) -> bool:
        return any(layer.experts for layer in self.layers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rooms:
    """What may be used: of each GPU in the order in which they are filled, and of the host; None where it is unknown.

    `overhead` is what each GPU takes besides, `host_overhead` the host.
    """

    gpus: tuple[int, ...]
    host: int | None
    overhead: Sized
    host_overhead: Sized


def load_of(
    offloads: Offloads, shape: Architecture, laid: LaidOut, *, context: int, requests: int, number: float
) -> Load:
    kept = offloads.cache_bytes(shape, context, requests, number)
    kinds = shape.layer_types
    borrowed = shape.details.get("num_kv_shared_layers") or 0  # the last layers read another's cache
    tensors: TensorBytes = laid.tensors
    with_cache = len(tensors.layers) - borrowed
    layers = tuple(
        LayerLoad(
            layer.rest,
            layer.experts,
            kept.get(kinds[place] if place < len(kinds) else "full", 0) if place < with_cache else 0,
        )
        for place, layer in enumerate(tensors.layers)
    )
    return Load(
        layers=layers,
        embedding=tensors.embedding,
        output=tensors.output,
        copied=tensors.copied,
        projector=tensors.projector,
        working=offloads.working(shape, context, requests),
        staged=offloads.staged_bytes(max((layer.experts for layer in layers), default=0)),
        context=context,
        requests=requests,
        margin=laid.off_by,
    )


def rooms_of(offloads: Offloads, gpus: Sequence[Gpu], cpu: Cpu, request: PlanRequest, device: Device) -> Rooms | None:
    """None where not even the size of a GPU, or that of the host which is all there is, is known.

    `--max-memory` is of each GPU, or of the host without one; `--max-host-memory` of the host in either case.
    """
    free = cpu.memory_free_bytes if cpu.memory_free_bytes is not None else cpu.memory_total_bytes
    host = None if free is None else max(free - HOST_RESERVE, 0)
    if host is not None and request.max_host_memory_bytes is not None:
        host = min(host, request.max_host_memory_bytes)
    sizes = []
    for gpu in gpus:
        total = gpu.memory_usable_bytes or gpu.memory_total_bytes
        if not total:
            return None
        there = total if gpu.memory_free_bytes is None else min(gpu.memory_free_bytes, total)
        if gpu.integrated:  # its memory is the host's: what lies on one side is not there for the other
            there = max(there - HOST_RESERVE, 0)
            host = 0
        most = most_of(gpu, request)
        if request.gpu_memory_utilization is not None:
            most = min(most or total, int(request.gpu_memory_utilization * total))
        sizes.append(max(min(there - GPU_RESERVE // 2, there if most is None else most), 0))
    if not gpus:
        if host is None:
            return None
        host = host if request.max_memory_bytes is None else min(host, request.max_memory_bytes)
    return Rooms(
        gpus=tuple(sizes),
        host=host,
        overhead=offloads.fixed_overhead(device) if gpus else Sized(0, 0, 0),
        host_overhead=offloads.fixed_overhead("cpu"),
    )


def bounds(size: int, margin: float) -> Sized:
    """Of weights: exact where every tensor is known."""
    return within(size, margin) if margin else Sized(size, size, size)
