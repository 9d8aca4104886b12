"""Why layers lie where they do, the arithmetic of it, and what is short."""

from __future__ import annotations

from modelscan.model import Candidate, MemoryLine, MemoryPerGpu, Rejection
from modelscan.planning.memory.arithmetic import line
from modelscan.planning.offload.placing import Placed
from modelscan.planning.offload.rooms import Load, Rooms, bounds
from modelscan.planning.options.context import CPU_LONGEST
from modelscan.planning.options.rejection import reject
from modelscan.planning.options.setting import Setting
from modelscan.units import format_bytes, format_tokens
from modelscan.weights.counting.gguf_bytes import LaidOut
from modelscan.weights.counting.sizes import Sized


def placed_reasons(setting: Setting, load: Load, placed: Placed, rooms: Rooms, *, limit: int | None) -> tuple[str, ...]:
    reasons = [f"offload: {_where(load, placed)}"] if rooms.gpus else []
    if placed.host_expert_layers or not placed.parts or placed.gpu_layers <= len(load.layers):
        there = f" of {format_bytes(rooms.host)}" if rooms.host is not None else ""
        reasons.append(f"host memory: {format_bytes(placed.host.estimate)}{there} that may be used")
    reasons.append(_context(setting, load, placed, limit))
    if setting.request.max_concurrency is None:
        plural = "s" if load.requests > 1 else ""
        alone = ", for which the KV cache has room" if placed.is_whole else ", which gets all of the memory's bandwidth"
        why = "" if load.requests > 1 else alone
        reasons.append(f"concurrency: {load.requests} request{plural} at once{why}; for more: --max-concurrency N")
    return tuple(reasons)


def _where(load: Load, placed: Placed) -> str:
    layers, count = len(load.layers), len(placed.parts)
    gpus = "the GPU" if count == 1 else f"{count} GPUs"
    if not placed.parts:
        return "no GPU has room for a single layer, so that all stay on the host"
    if placed.is_whole and placed.gpu_layers > layers:
        spread = f", split by layers {'/'.join(map(str, placed.parts))}" if count > 1 else ""
        return f"all {layers} layers are on {gpus}{spread}"
    if placed.gpu_layers > layers:
        held = f"the experts of {placed.host_expert_layers} of {layers} layers stay in host memory"
        return f"{held}, and all else, which every token needs, is on {gpus}"
    experts = ", without their experts" if placed.host_expert_layers else ""
    return f"{max(placed.gpu_layers - 1, 0)} of {layers} layers{experts} are on {gpus}, which holds no more"


def _context(setting: Setting, load: Load, placed: Placed, limit: int | None) -> str:
    length = format_tokens(load.context)
    if isinstance(setting.request.context_length, int):
        return f"context: {length}, as asked"
    if load.context == limit:
        return f"context: {length}, the model's limit"
    if load.context == CPU_LONGEST and not placed.parts:
        return f"context: {length}, because a CPU takes minutes to read more"
    bound = f" of the model's {format_tokens(limit)}" if limit else ""
    kept = (
        "that fits on the GPU with the weights" if placed.is_whole else "that is useful: more of it takes layers away"
    )
    return f"context: {length}{bound}, the longest {kept}"


def lines_of(load: Load, placed: Placed, rooms: Rooms, laid: LaidOut, memory: MemoryPerGpu) -> tuple[MemoryLine, ...]:
    """Of the GPU that holds most, or of the host without one; and of the host beside GPUs in words."""
    weights, cache = memory.weights_bytes, memory.kv_cache_bytes
    working = load.working.gpu if placed.parts else load.working.alone
    if placed.host_expert_layers:
        working += Sized(0, load.staged, load.staged)
    beside = rooms.overhead if placed.parts else rooms.host_overhead
    whole = sum(layer.rest + layer.experts for layer in load.layers) + load.embedding + load.output - load.copied
    lies = f"{format_bytes(whole + load.projector)} in all"
    if placed.parts:
        lies += f", {format_bytes(placed.host.estimate)} of host memory beside it"
    kept = f"{load.requests} x {format_tokens(load.context)} tokens" + (" of the layers here" if placed.parts else "")
    computed = "the buffers of a step" + (
        ", and a layer's experts on their way from the host" if load.staged and placed.host_expert_layers else ""
    )
    return (
        line("weights", "weights", bounds(weights, load.margin), f"{laid.how}; {lies}"),
        line("activations", "activations", working, computed),
        line("overhead", "overhead", beside, "context and libraries"),
        *((line("kv_cache", "KV cache", Sized(cache, cache, cache), kept),) if cache else ()),
    )


def too_little(base: Candidate, load: Load, placed: Placed, rooms: Rooms) -> Rejection:
    """The host's memory against what does not fit on the GPUs."""
    needed = placed.host.high
    on_gpus = sum(size.estimate for size in placed.on_gpus)
    beside = f", beside {format_bytes(on_gpus)} on {_gpus(len(placed.parts))}" if placed.parts else ""
    experts = f", most of it the experts of {placed.host_expert_layers} layers" if placed.host_expert_layers else ""
    if rooms.host is None:
        reason = (
            f"{base.quantization} needs {format_bytes(needed)} of host memory{beside}{experts}, and how much there is "
            "is not known; say it: --hardware SPEC+512gib-ram"
        )
        return reject(base, "host_memory_unknown", reason, needed=needed)
    reason = (
        f"{base.quantization} needs {format_bytes(needed)} of host memory{beside}{experts}, but only "
        f"{format_bytes(rooms.host)} may be used, with a context of {format_tokens(load.context)}"
    )
    return reject(base, "no_memory", reason, needed=needed, available=rooms.host)


def _gpus(count: int) -> str:
    return "the GPU" if count == 1 else f"{count} GPUs"
