"""How many layers each stage of a pipeline gets, where its GPUs are unlike or the user says so."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan import dataclasses
from modelscan.model import Architecture, Gpu
from modelscan.planning.options.layouts import Layout, alike


def asked_stages(text: str) -> tuple[int, ...] | None:
    """The numbers of a variable such as `16,32`; None where it is no such list."""
    parts = [part.strip() for part in text.split(",")]
    return tuple(map(int, parts)) if all(part.isdecimal() and int(part) for part in parts) else None


def stages_problem(text: str, layers: int | None, pipeline_parallel: int) -> str | None:
    """Why a backend does not start with what was asked (vLLM 0.33: distributed/utils.py, get_pp_indices)."""
    stages = asked_stages(text)
    if stages is None:
        return f"`{text}` is no list of layers per stage: write it like 16,32"
    if len(stages) != pipeline_parallel:
        return f"`{text}` names {len(stages)} stages, and the pipeline has {pipeline_parallel}"
    if layers is not None and sum(stages) != layers:
        return f"`{text}` adds up to {sum(stages)} layers, and the model has {layers}"
    return None


def with_stages(
    layouts: Sequence[Layout], shape: Architecture | None, asked: str | None, capacity: Callable[[Gpu], int | None]
) -> list[Layout]:
    """Pipelines with the stages that were asked for, or by the `room` of unlike GPUs; other layouts as they are."""
    layers = shape.num_hidden_layers if shape is not None else None
    found = []
    for layout in layouts:
        stages: tuple[int, ...] | None = None
        if layout.pipeline_parallel > 1 and layers:
            if asked is not None:
                stages = asked_stages(asked)
            elif len(alike(layout.gpus)) > 1:
                stages = _by_capacity(layout, layers, capacity)
        found.append(dataclasses.replace(layout, stages=stages) if stages else layout)
    return found


def _by_capacity(layout: Layout, layers: int, capacity: Callable[[Gpu], int | None]) -> tuple[int, ...] | None:
    """Layers in proportion to the GPU of each stage that has least; what rounding leaves goes where most was cut."""
    width = layout.tensor_parallel
    rooms = [
        min(capacity(gpu) or 0 for gpu in layout.gpus[start : start + width])
        for start in range(0, len(layout.gpus), width)
    ]
    if not all(rooms):
        return None
    shares = [layers * size / sum(rooms) for size in rooms]
    stages = [max(int(share), 1) for share in shares]
    for place in sorted(range(len(stages)), key=lambda at: stages[at] - shares[at])[: max(layers - sum(stages), 0)]:
        stages[place] += 1
    return tuple(stages) if sum(stages) == layers else None
