"""How fast a placement answers: each device reads what lies on it, one after the other.

A roofline as in `planning/speed`, with its constants; of the experts a token meets its share.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.model import Architecture, Candidate, Estimated, Gpu
from modelscan.planning.offload.placing import Placed
from modelscan.planning.offload.rooms import Load
from modelscan.planning.options.facts import PlanningFacts
from modelscan.planning.speed.processor import Processor, processor_of
from modelscan.planning.speed.step import slowed
from modelscan.units import format_bytes, format_tokens

_ALONE_CONTEXT = 2048


def paced(
    load: Load, placed: Placed, shape: Architecture, candidate: Candidate, gpus: Sequence[Gpu], facts: PlanningFacts
) -> Estimated:
    """Nothing where the figures of a GPU are not known."""
    host = processor_of(candidate, (), None, facts)
    processors = [processor_of(candidate, (gpu,), None, facts) for gpu in gpus[: len(placed.parts)]]
    if host is None or None in processors:
        return Estimated()
    known = [processor for processor in processors if processor is not None]
    met = (shape.num_experts_per_token or 0) / shape.num_experts if shape.num_experts else 1.0
    alone = min(load.context, _ALONE_CONTEXT)

    def seconds(context: int) -> float:
        return _seconds(load, placed, [*known], host, met, context / load.context / load.requests)

    slowest = host if not placed.is_whole else known[0]
    writes = candidate.task not in {"embed", "rerank"}
    on_host = _on_host(load, placed, met, 0)
    return Estimated(
        decode_tokens_per_second=round(1 / seconds(alone), 1) if writes else None,
        full_length_decode_tokens_per_second=round(1 / seconds(load.context), 1) if writes else None,
        decode_off_by=slowest.constant("off_alone") if writes else None,
        basis=_basis(known, host, placed, on_host, alone),
    )


def _seconds(
    load: Load, placed: Placed, gpus: Sequence[Processor], host: Processor, met: float, cached: float
) -> float:
    """Of one token with the `cached` share of its cache filled."""
    first = len(load.layers) + 1 - placed.gpu_layers
    time, at = gpus[0].constant("step") if gpus else host.constant("step"), first
    for processor, part in zip(gpus, placed.parts, strict=True):
        reach = processor.bandwidth * processor.constant("bandwidth_reached")
        reach *= slowed(processor.power, 1 / len(gpus), processor.constant("power"))  # they take turns
        for place in range(at, at + part):
            if place == len(load.layers):
                time += load.output / reach
                continue
            layer = load.layers[place]
            experts = layer.experts * met if place >= placed.host_expert_layers else 0.0
            time += (layer.rest + experts + layer.cache * cached) / reach + processor.constant("layer")
        at += part
    reach = host.bandwidth * host.constant("bandwidth_reached")
    time += _on_host(load, placed, met, cached) / reach
    waiting = len(load.layers) - max(placed.gpu_layers - 1, 0) + placed.host_expert_layers
    return time + waiting * host.constant("layer")


def _on_host(load: Load, placed: Placed, met: float, cached: float) -> float:
    """Bytes that the host reads for a token."""
    first = len(load.layers) + 1 - placed.gpu_layers if placed.parts else len(load.layers)
    found = 0.0 if placed.parts else float(load.output)
    for place, layer in enumerate(load.layers):
        if place < first:
            found += layer.rest + layer.experts * met + layer.cache * cached
        elif place < placed.host_expert_layers:
            found += layer.experts * met
    return found


def _basis(gpus: Sequence[Processor], host: Processor, placed: Placed, on_host: float, alone: int) -> str:
    devices = [
        f"{processor.bandwidth / 1e9:g} GB/s x {processor.constant('bandwidth_reached'):g} of {processor.name}"
        for processor in gpus[:1]
    ]
    slowest = gpus[0] if placed.is_whole else host
    if not placed.is_whole:
        read = f"{format_bytes(int(on_host))} of host memory for each token at "
        devices.append(f"{read}{host.bandwidth / 1e9:g} GB/s x {host.constant('bandwidth_reached'):g}")
    return (
        f"roofline: {', '.join(devices)}, {format_tokens(alone)} tokens for one request; estimated, not measured: "
        f"may be off by a factor of {slowest.constant('off_alone'):g}"
    )
