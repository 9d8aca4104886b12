"""One way to run GGUF weights on GPUs and the host together, judged: a candidate, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.backends.base import Launch
from modelscan.backends.capabilities import Offloads
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.model import (
    Adapter,
    Architecture,
    Candidate,
    Gpu,
    Hardware,
    LayerBytes,
    MemoryPerGpu,
    Offload,
    Rejection,
)
from modelscan.planning.memory.adapting import adapters_reason
from modelscan.planning.offload.pace import paced
from modelscan.planning.offload.placing import Placed, place, short_of
from modelscan.planning.offload.rooms import Load, Rooms, load_of, rooms_of
from modelscan.planning.offload.telling import lines_of, placed_reasons, too_little
from modelscan.planning.options.context import goal, model_limit, wanted_lengths
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.rejection import reject
from modelscan.planning.options.setting import Setting
from modelscan.units import format_tokens
from modelscan.weights.counting.gguf_bytes import LaidOut, laid_out

_TOGETHER = 4  # requests at once where all lies on GPUs; a host's memory has bandwidth for one


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tried:
    """A length and a number of requests, and where all of it would lie."""

    load: Load
    placed: Placed
    short: int


def judge_offload(
    setting: Setting, offloads: Offloads, choice: Choice, gpus: Sequence[Gpu], hardware: Hardware
) -> Candidate | Rejection:
    """The longest useful context, with as much on the GPUs as they hold."""
    base = _base(setting, choice)
    shape, request = choice.weights.architecture, setting.request
    laid = laid_out(choice.weights, choice.quantization)
    if shape is None or laid is None:
        return reject(base, "shape_unknown", f"neither header nor shape of `{choice.weights.repo_id}` are known")
    laid = _with_adapters(laid, request.found_adapters)
    if (wrong := _fixed_wrong(setting, offloads, shape, len(gpus))) is not None:
        return reject(base, *wrong)
    number = offloads.number_bytes(request.kv_cache_dtype) or 0.0
    used = sorted(gpus, key=lambda gpu: -(gpu.memory_free_bytes or gpu.memory_total_bytes or 0))[: request.gpu_count]
    rooms = rooms_of(offloads, used, hardware.cpu, request, setting.device)
    if rooms is None:
        return reject(base, "memory_unknown", "the memory size of this device is unknown")
    found = _longest(setting, offloads, shape, laid, rooms, number)
    placed, load = found.placed, found.load
    on = used[: len(placed.parts)]
    base = dataclasses.replace(
        base,
        max_model_len=load.context,
        max_num_seqs=load.requests,
        gpu_indices=tuple(gpu.index for gpu in on),
        gpu_uuids=tuple(gpu.uuid for gpu in on if gpu.uuid is not None),
        gpu_name=on[0].name if on else None,
        memory_per_gpu=_memory(load, placed, rooms),
        offload=_offload(placed, rooms, hardware),
    )
    if found.short:
        return too_little(base, load, placed, rooms)
    return _candidate(setting, choice, base, laid, found, rooms, on)


def _with_adapters(laid: LaidOut, adapters: Sequence[Adapter]) -> LaidOut:
    """Each of their matrices lies beside the one that it changes."""
    layers = laid.tensors.layers
    size = sum(item.size_bytes for item in adapters) // max(1, len(layers))
    if not size:
        return laid
    wider = tuple(LayerBytes(layer.rest + size, layer.experts) for layer in layers)
    return dataclasses.replace(laid, tensors=dataclasses.replace(laid.tensors, layers=wider))


def _fixed_wrong(setting: Setting, offloads: Offloads, shape: Architecture, gpus: int) -> tuple[str, str] | None:
    """Code and reason for what the user fixed and cannot be."""
    request, limit = setting.request, model_limit(shape)
    if offloads.number_bytes(request.kv_cache_dtype) is None:
        return "no_kernel", f"{setting.backend} has no KV cache of type {request.kv_cache_dtype}"
    asked = request.context_length if isinstance(request.context_length, int) else None
    if asked is not None and limit is not None and asked > limit:
        words = f"a context of {format_tokens(asked)} was requested, but the model's limit is {format_tokens(limit)}"
        return "context_too_long", words
    if request.gpu_count is not None and request.gpu_count > gpus:
        return "tensor_parallel", f"{request.gpu_count} GPUs were asked for, and {gpus} are there"
    return None


def _longest(
    setting: Setting, offloads: Offloads, shape: Architecture, laid: LaidOut, rooms: Rooms, number: float
) -> _Tried:
    """What is enough, on the fewest GPUs that hold all of it, and then as much more as these hold; where none do, with
    as much on GPUs as fits; less where that does not fit.
    """
    request, on_gpu = setting.request, bool(rooms.gpus)

    def tried(length: int, requests: int, gpus: int | None = None) -> _Tried:
        load = load_of(offloads, shape, laid, context=length, requests=requests, number=number)
        there = rooms if gpus is None else dataclasses.replace(rooms, gpus=rooms.gpus[:gpus])
        placed = place(load, there)
        return _Tried(load=load, placed=placed, short=short_of(placed, rooms))

    def is_whole(found: _Tried) -> bool:
        return found.placed.is_whole and not found.short

    lengths = wanted_lengths(shape, request, on_gpu=on_gpu)
    if laid.tensors.total * (1 - laid.off_by) > sum(rooms.gpus) + (rooms.host or 0):  # whatever the context
        return tried(lengths[-1], 1)
    enough, fixed = goal(shape, request, on_gpu=on_gpu), request.max_concurrency
    longer = [length for length in lengths if length > enough]
    counts = (fixed,) if fixed else (_TOGETHER, 1)
    for gpus in range(1, len(rooms.gpus) + 1):
        for count in counts:
            if is_whole(found := tried(enough, count, gpus)):
                return next((more for length in longer if is_whole(more := tried(length, count, gpus))), found)
    for length in (enough, *(length for length in lengths if length < enough)):
        if not (found := tried(length, fixed or 1)).short:
            return found
    return found


def _memory(load: Load, placed: Placed, rooms: Rooms) -> MemoryPerGpu:
    """Of the GPU that holds most, or of the host without one."""
    if not placed.parts:
        weights = sum(layer.rest + layer.experts for layer in load.layers)
        weights += load.embedding + load.output - load.copied + load.projector
        cache = sum(layer.cache for layer in load.layers)
        total, working, beside = placed.host, load.working.alone.estimate, rooms.host_overhead.estimate
        available = rooms.host
    else:
        fullest = max(range(len(placed.parts)), key=lambda number: placed.on_gpus[number].estimate)
        first = len(load.layers) + 1 - placed.gpu_layers + sum(placed.parts[:fullest])
        here = range(first, min(first + placed.parts[fullest], len(load.layers)))
        cache = sum(load.layers[number].cache for number in here)
        total = placed.on_gpus[fullest]
        working = load.working.gpu.estimate + (load.staged if placed.host_expert_layers else 0)
        beside = rooms.overhead.estimate
        weights = total.estimate - cache - working - beside
        available = rooms.gpus[fullest]
    return MemoryPerGpu(
        weights_bytes=weights,
        kv_cache_bytes=cache,
        activations_bytes=working,
        overhead_bytes=beside,
        total_bytes=total.estimate,
        available_bytes=available,
        total_low_bytes=total.low,
        total_high_bytes=total.high,
        kv_cache_low_bytes=cache,
        kv_cache_high_bytes=cache,
    )


def _offload(placed: Placed, rooms: Rooms, hardware: Hardware) -> Offload:
    return Offload(
        gpu_layers=placed.gpu_layers,
        host_expert_layers=placed.host_expert_layers,
        split=tuple(float(part) for part in placed.parts) if len(placed.parts) > 1 else (),
        threads=hardware.cpu.cores,
        host_bytes=placed.host.estimate,
        host_available_bytes=rooms.host,
    )


def _base(setting: Setting, choice: Choice) -> Candidate:
    request, weights = setting.request, choice.weights
    return Candidate(
        backend=setting.backend,
        backend_version=setting.backend_version,
        mode=request.mode or "standard",
        task=setting.task,
        quantization=choice.quantization,
        source=weights.source,
        repo_id=weights.repo_id,
        revision=weights.commit or weights.revision,
        kv_cache_dtype=request.kv_cache_dtype,
        adapters=request.found_adapters,
        extra_args=setting.arguments.words,
        extra_env=request.env,
        allowed_env=tuple(name for name in request.allow_env if name in request.env),
        explicit=setting.explicit,
    )


def _candidate(
    setting: Setting, choice: Choice, base: Candidate, laid: LaidOut, found: _Tried, rooms: Rooms, on: Sequence[Gpu]
) -> Candidate:
    shape, load, placed = choice.weights.architecture, found.load, found.placed
    assert shape is not None  # noqa: S101  a shape was needed to come here
    words = BACKENDS[setting.backend].runs.words_of_the_model(
        setting.task, setting.request.defaults, setting.request.pooling
    )
    candidate = dataclasses.replace(
        base,
        model_args=words,
        kv_cache_tokens=load.context * load.requests,
        max_concurrency=float(load.requests),
        arithmetic=lines_of(load, placed, rooms, laid, base.memory_per_gpu),
        reasons=(
            f"quantization: {choice.reason}",
            f"backend: {setting.backend_reason}",
            *adapters_reason(setting, sum(item.size_bytes for item in setting.request.found_adapters)),
            *placed_reasons(setting, load, placed, rooms, limit=model_limit(shape)),
            *(f"argument: {note}" for note in setting.arguments.notes),
        ),
    )
    launch = Launch(
        location=choice.weights.location, served_model_names=(setting.model,), device=setting.device if on else "cpu"
    )
    command = BACKENDS[setting.backend].command_line(candidate, launch)
    return dataclasses.replace(
        candidate,
        argv=command.argv,
        env=dict(command.env),
        estimated=paced(load, placed, shape, candidate, on, setting.facts),
    )
