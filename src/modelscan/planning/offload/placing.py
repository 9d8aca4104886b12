"""Which layers lie where: all on the fewest GPUs, else the experts of some on the host, else whole layers.

Layers are counted from the end of the model, as `--n-gpu-layers` counts them, and dealt out to GPUs in one run each;
those whose experts stay on the host are counted from the first, as `--n-cpu-moe` does. A token then crosses between
host and GPU as seldom as it can, and what is read for every token lies on the GPU before what few tokens meet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan.dataclasses import dataclass
from modelscan.planning.offload.rooms import LayerLoad, Load, Rooms, bounds
from modelscan.weights.counting.sizes import Sized


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """`on_gpus` are the bytes of each GPU and `parts` its layers, the output counted as one; `host` what the host
    takes. `gpu_layers` counts the output too, `layers` does not.
    """

    layers: int
    gpu_layers: int
    host_expert_layers: int
    parts: tuple[int, ...]
    on_gpus: tuple[Sized, ...]
    host: Sized

    @property
    def is_whole(self) -> bool:
        """Whether all that is computed lies on GPUs."""
        return self.gpu_layers > self.layers and not self.host_expert_layers


def place(load: Load, rooms: Rooms) -> Placed:
    """The best that the GPUs hold. Whether the host holds the rest, `short_of` says."""
    count = len(load.layers)
    for gpus in range(1, len(rooms.gpus) + 1):
        if (parts := _dealt(load, rooms, count + 1, 0, gpus)) is not None:
            return _placed(load, rooms, count + 1, 0, parts)
    if not rooms.gpus:
        return _placed(load, rooms, 0, 0, ())
    most = len(rooms.gpus)
    if load.has_experts and (parts := _dealt(load, rooms, count + 1, count, most)) is not None:
        kept = _least(0, count, lambda host: _dealt(load, rooms, count + 1, host, most) is not None)
        return _placed(load, rooms, count + 1, kept, _dealt(load, rooms, count + 1, kept, most) or parts)
    host = count if load.has_experts else 0
    left = _least(0, count + 1, lambda away: _dealt(load, rooms, count + 1 - away, host, most) is not None)
    layers = count + 1 - left
    return _placed(load, rooms, layers, host if layers else 0, _dealt(load, rooms, layers, host, most) or ())


def short_of(placed: Placed, rooms: Rooms) -> int:
    """Bytes that the host lacks; a host of unknown size lacks all that would lie on it beside the backend itself."""
    room = rooms.host if rooms.host is not None else rooms.host_overhead.high
    needed = placed.host.high
    if rooms.host is None and placed.is_whole:
        return 0
    return max(needed - room, 0)


def _least(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The smallest number from which on it holds; `high` does."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _dealt(load: Load, rooms: Rooms, gpu_layers: int, host_experts: int, gpus: int) -> tuple[int, ...] | None:
    """How many layers each of the first GPUs gets; None where they do not hold them."""
    sizes = [*_sizes(load, gpu_layers, host_experts)]
    if not sizes:
        return None
    parts, at = [], 0
    for number in range(gpus):
        room = rooms.gpus[number] - _beside(load, rooms, number, host_experts).high
        begin = at
        while at < len(sizes) and sizes[at].high <= room:
            room -= sizes[at].high
            at += 1
        if at == begin:
            return None
        parts.append(at - begin)
        if at == len(sizes):
            return tuple(parts)
    return None


def _sizes(load: Load, gpu_layers: int, host_experts: int) -> list[Sized]:
    """Of what lies on GPUs, in the model's order, the output last."""
    first = max(len(load.layers) + 1 - gpu_layers, 0)
    sized: dict[tuple[int, int], Sized] = {}  # most layers of a model are alike
    sizes = []
    for number, layer in enumerate(load.layers[first:], first):
        kind = _kind(layer, experts=number >= host_experts)
        if kind not in sized:
            sized[kind] = _sized(load, kind)
        sizes.append(sized[kind])
    return [*sizes, bounds(load.output, load.margin)] if gpu_layers else []


def _kind(layer: LayerLoad, *, experts: bool) -> tuple[int, int]:
    """Bytes of its weights and of its cache."""
    return layer.rest + (layer.experts if experts else 0), layer.cache


def _sized(load: Load, kind: tuple[int, int]) -> Sized:
    weights, cache = kind
    return bounds(weights, load.margin) + Sized(cache, cache, cache)


def _beside(load: Load, rooms: Rooms, number: int, host_experts: int) -> Sized:
    """What a GPU takes beside its layers; the first also computes pictures, and what is staged from the host."""
    found = load.working.gpu + rooms.overhead
    if number == 0:
        found += bounds(load.projector, load.margin)
    return found + Sized(0, load.staged, load.staged) if host_experts else found


def _placed(load: Load, rooms: Rooms, gpu_layers: int, host_experts: int, parts: Sequence[int]) -> Placed:
    sizes = _sizes(load, gpu_layers, host_experts)
    on_gpus, at = [], 0
    for number, part in enumerate(parts):
        here = _beside(load, rooms, number, host_experts)
        for size in sizes[at : at + part]:
            here += size
        on_gpus.append(here)
        at += part
    first = len(load.layers) + 1 - gpu_layers
    host = rooms.host_overhead + (load.working.host if parts else load.working.alone)
    for number, layer in enumerate(load.layers):
        if number < first or not parts:
            host += _sized(load, _kind(layer, experts=True))
        elif number < host_experts:
            host += bounds(layer.experts, load.margin)
    host += bounds(load.embedding + (0 if parts else load.output - load.copied + load.projector), load.margin)
    return Placed(
        layers=len(load.layers),
        gpu_layers=gpu_layers if parts else 0,
        host_expert_layers=host_experts if parts else 0,
        parts=tuple(parts),
        on_gpus=tuple(on_gpus),
        host=host,
    )
