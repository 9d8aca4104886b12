"""How weights are spread over GPUs: which sizes divide, which GPUs are taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelscan.model import Architecture, Gpu, PlanRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """`gpus` in the order that the backend gets them; none means the CPU."""

    gpus: tuple[Gpu, ...]
    tensor_parallel: int = 1
    pipeline_parallel: int = 1


def layouts(shape: Architecture | None, devices: Sequence[Gpu], request: PlanRequest) -> list[Layout]:
    """Every layout over GPUs of one kind that the shape allows: those that divide each layer first, the fewest GPUs
    first; a pipeline, which leaves GPUs waiting for one another, comes after them.

    GPUs with the most free memory are taken first. What the user fixed is kept: no layout then breaks it.
    """
    found: list[Layout] = []
    for group in [list(devices)] if request.gpus else alike(devices):
        for count in range(1, len(group) + 1):
            if request.gpu_count is not None and count != request.gpu_count:
                continue
            found += [
                Layout(
                    gpus=tuple(sorted(group[:count], key=lambda gpu: gpu.index)),
                    tensor_parallel=tp,
                    pipeline_parallel=pp,
                )
                for tp, pp in _splits(shape, count, request)
            ]
    if request.gpus:  # named GPUs are all used
        found = [layout for layout in found if len(layout.gpus) == len(devices)]
    return sorted(found, key=lambda layout: (layout.pipeline_parallel > 1, len(layout.gpus), layout.pipeline_parallel))


def alike(devices: Sequence[Gpu]) -> list[list[Gpu]]:
    """GPUs of the same kind: memory is never summed over different ones, unless the user named them."""
    groups: dict[tuple[object, ...], list[Gpu]] = {}
    for gpu in devices:
        groups.setdefault((gpu.vendor, gpu.name, gpu.memory_total_bytes), []).append(gpu)
    return [sorted(group, key=lambda gpu: -(gpu.memory_free_bytes or 0)) for group in groups.values()]


def _splits(shape: Architecture | None, count: int, request: PlanRequest) -> list[tuple[int, int]]:
    """Pairs of tensor and pipeline parallel whose product is the number of GPUs."""
    pairs = [(tp, count // tp) for tp in range(count, 0, -1) if count % tp == 0]
    return [
        (tp, pp)
        for tp, pp in pairs
        if request.tensor_parallel in {None, tp}
        and request.pipeline_parallel in {None, pp}
        and tensor_parallel_problem(shape, tp) is None
        and (pp == 1 or shape is None or (shape.num_hidden_layers or pp) >= pp)
    ]


def tensor_parallel_problem(shape: Architecture | None, size: int) -> str | None:
    """Why a shape cannot be divided so: attention heads must divide, KV heads divide or be replicated evenly."""
    if shape is None or size == 1:
        return None
    heads, kv_heads = shape.num_attention_heads, shape.num_key_value_heads
    if heads and heads % size:
        return f"{heads} attention heads cannot be divided by {size}"
    if kv_heads and not shape.kv_lora_rank and kv_heads % size and size % kv_heads:
        return f"{kv_heads} KV heads cannot be divided over {size} GPUs"
    block = 128 if shape.quant_method == "fp8" else 1
    width = shape.moe_intermediate_size or shape.intermediate_size
    if width and block > 1 and (width % size or (width // size) % block):
        return f"FP8 blocks of {block} do not divide a width of {width} over {size} GPUs"
    return None
