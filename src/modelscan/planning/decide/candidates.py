"""One way to run a model, judged: a candidate with all its figures, or a rejection with the arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from modelscan import dataclasses
from modelscan.backends.base import Capacity, Launch
from modelscan.backends.capabilities import Estimates
from modelscan.backends.registry import BACKENDS
from modelscan.model import Candidate, MemoryLine, MemoryPerGpu, Rejection
from modelscan.planning.decide.rejections import (
    fixed_wrong,
    more_than_states,
    states_reason,
    too_large,
    too_many,
    unfit_cache,
)
from modelscan.planning.memory.adapting import adapters_on, adapters_reason
from modelscan.planning.memory.arithmetic import candidate_lines
from modelscan.planning.memory.drafting import as_run, drafted, drafting_on, drafting_reason
from modelscan.planning.memory.footprint import Fixed, footprint, steps_of, with_measured
from modelscan.planning.memory.own_memory import own_memory
from modelscan.planning.memory.requests import Requests
from modelscan.planning.options.budget import Budget, narrowed, static_share
from modelscan.planning.options.concurrency import ON_CPU, POOLING, bounded, counts_to_try
from modelscan.planning.options.context import choose_length, goal, model_limit, wanted_lengths
from modelscan.planning.options.eligibility import libraries_of
from modelscan.planning.options.kernel_faults import SPECULATION
from modelscan.planning.options.layouts import Layout
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.recipe_minimum import below_minimum, recipe_minimum
from modelscan.planning.options.rejection import reject
from modelscan.planning.options.setting import Setting
from modelscan.planning.speed.estimate import estimate
from modelscan.planning.telling.reasons import code_left_out, reasons_of, smaller_step
from modelscan.units import GIB, format_bytes
from modelscan.weights.counting.bytes import weights_bytes
from modelscan.weights.counting.kv_cache import element_bytes
from modelscan.weights.counting.sizes import Sized

_CPU_POOL = 1 * GIB  # and no more than this, unless one request needs more
# With asynchronous scheduling, vLLM's default, the next step is under way before one settles (0.32: config/vllm.py,
# max_in_flight_tokens).
_BATCHES_IN_FLIGHT = 2


def weights_on(setting: Setting, choice: Choice, layout: Layout) -> Sized | None:
    """What each device of a layout holds of the weights, whatever its budget is."""
    least = recipe_minimum(choice.weights, setting.specs)
    size = weights_bytes(
        choice.weights,
        choice.quantization,
        at_load=choice.at_load is not None,
        tensor_parallel=layout.tensor_parallel,
        pipeline_parallel=layout.pipeline_parallel,
        experts_over=layout.experts_over,
        at_most=None if least is None else least * GIB,
        stage_layers=layout.stage,
    )
    return (
        size + drafting_on(setting, choice, layout) + adapters_on(setting, choice, layout) if size is not None else None
    )


def judge(
    setting: Setting,
    choice: Choice,
    layout: Layout,
    budget: Budget,
    weights: Sized | None,
    *,
    kv_cache_dtype: str | None = None,
) -> Candidate | Rejection:
    """A candidate whose high bound fits into the budget, or why there is none.

    `weights` are those of `weights_on`; `kv_cache_dtype` is our choice.
    """
    base = _base(setting, choice, layout, kv_cache_dtype or setting.request.kv_cache_dtype)
    refused = fixed_wrong(setting, choice.weights.architecture, budget, base) or unfit_cache(
        setting, choice, layout, base
    )
    minimum = below_minimum(choice.weights, setting.specs, layout.gpus)
    if minimum is not None and refused is None:
        share = len(layout.gpus)
        needed, there = minimum.needed // share, minimum.there // share
        refused = reject(base, "no_memory", minimum.reason, needed=needed, available=there)
    if setting.estimates is None:
        return refused or _unmeasured(setting, choice, layout, budget, base, weights)
    if weights is None and setting.request.max_memory_bytes is not None:
        return refused or _unmeasured(setting, choice, layout, budget, base, None)
    if weights is None:
        return reject(base, "shape_unknown", f"neither sizes nor shape of `{choice.weights.repo_id}` are known")
    step = steps_of(setting, setting.estimates, layout, budget, 1).tokens
    refused = refused or too_many(setting, setting.estimates, base, step)
    return refused or _sized(setting, setting.estimates, choice, layout, budget, base, weights, step)


def _sized(
    setting: Setting,
    estimates: Estimates,
    choice: Choice,
    layout: Layout,
    budget: Budget,
    base: Candidate,
    weights: Sized,
    step: int,
) -> Candidate | Rejection:
    """The most concurrent requests, and for those the longest context, that fit. `step` is the tokens of a step."""
    shape, on_gpu = choice.weights.architecture, bool(layout.gpus)
    tp = layout.tensor_parallel
    pp = layout.stages_of(shape.num_hidden_layers if shape is not None else None)
    base = dataclasses.replace(base, speculative=_speculative(setting, choice))
    base, weights = with_measured(base, weights, setting, budget)
    request, drafts = setting.request, drafted(setting, shape)
    number = element_bytes(base.kv_cache_dtype, choice.dtype)
    lengths, enough = wanted_lengths(shape, request, on_gpu=on_gpu), goal(shape, request, on_gpu=on_gpu)
    run = as_run(setting, shape)
    cache = estimates.pool(run, tensor_parallel=tp, pipeline_parallel=pp, number=number, drafted=drafts)
    requests = Requests(
        shape=run,
        cache=cache,
        tensor_parallel=tp,
        pipeline_parallel=pp,
        number=number,
        in_flight=step * _BATCHES_IN_FLIGHT,
    )
    longest: tuple[int, int, tuple[str, ...], Fixed] | None = None
    counts = counts_to_try(
        request.max_concurrency,
        request.mode,
        setting.task,
        step,
        on_gpu=on_gpu,
        asked_context=request.context_length is not None,
    )
    for sequences in counts:  # fewer at once need less memory for sampling
        fixed = footprint(setting, estimates, choice, layout, budget, base, weights, sequences)
        pool = budget.available - fixed.total.high
        limit = requests.most(fixed, pool)
        why = base.reasons
        if limit is not None and 0 < limit < sequences:
            if request.max_concurrency is not None:
                return more_than_states(dataclasses.replace(base, max_num_seqs=sequences), limit)
            sequences, why = bounded(limit), (*base.reasons, states_reason(limit))  # noqa: PLW2901
            fixed = footprint(setting, estimates, choice, layout, budget, base, weights, sequences)
            pool = budget.available - fixed.total.high
        length = choose_length(lengths, pool, enough, requests.one) if pool >= 0 else None
        if length is None:
            continue
        if longest is None or length > longest[0]:
            longest = length, sequences, why, fixed
        if length >= enough:
            break
    if longest is None:  # of the refusals the last, with the fewest concurrent requests, came nearest
        several = dataclasses.replace(base, max_num_seqs=sequences, reasons=why)
        return too_large(several, fixed, lengths[-1], requests.one(lengths[-1]), budget)
    length, sequences, why, fixed = longest
    why = (*why, *smaller_step(setting, cache, length, requests.in_flight, limit=model_limit(shape)))
    several = dataclasses.replace(base, max_num_seqs=sequences, max_model_len=length, reasons=why)
    used = requests.used(sequences, length, pooling=setting.task in POOLING)
    taken = narrowed(budget, fixed.total.high + used, request)
    memory = _memory(setting, fixed, taken, requests.one(length), on_gpu=on_gpu)
    capacity = requests.in_pool(memory.kv_cache_bytes, length)
    drafting, adapters = drafting_on(setting, choice, layout), adapters_on(setting, choice, layout)
    lines = partial(
        candidate_lines, setting, estimates, choice, fixed=fixed, cache=cache, drafting=drafting, adapters=adapters
    )
    return _candidate(setting, choice, layout, taken, several, memory, capacity, lines)


def _unmeasured(
    setting: Setting, choice: Choice, layout: Layout, budget: Budget, base: Candidate, weights: Sized | None
) -> Candidate | Rejection:
    """For a backend that manages its own memory: what it is given, or the little that is known."""
    request = setting.request
    memory, lines = own_memory(setting, choice.weights.format, weights, budget)
    available = memory.available_bytes or 0
    known = setting.occupies is not None and request.max_memory_bytes is None
    needed = memory.total_high_bytes if known else memory.weights_bytes
    if needed > available:
        what = f"it needs {format_bytes(needed)}, its process and a request included"
        what = what if known else f"the weights are {format_bytes(needed)}"
        reason = f"{what}, but only {format_bytes(available)} may be used"
        return reject(base, "no_memory", reason, needed=needed, available=available)
    length = model_limit(choice.weights.architecture) if request.context_length == "max" else request.context_length
    base = dataclasses.replace(base, max_model_len=length, max_num_seqs=request.max_concurrency)
    return _candidate(setting, choice, layout, budget, base, memory, None, lambda _: lines)


def _memory(setting: Setting, fixed: Fixed, budget: Budget, one_request: int, *, on_gpu: bool) -> MemoryPerGpu:
    """Where the memory goes. A GPU's KV cache takes what is left; a CPU's is sized for a few requests."""
    total = fixed.total
    pool = Sized(budget.available - total.high, budget.available - total.estimate, budget.available - total.low)
    if not one_request:
        pool = Sized(0, 0, 0)
    elif not on_gpu:
        requests = setting.request.max_concurrency or ON_CPU
        size = min(max(min(one_request * requests, _CPU_POOL), one_request), pool.low)
        pool = Sized(size, size, size)
    return MemoryPerGpu(
        weights_bytes=fixed.weights.estimate,
        kv_cache_bytes=pool.estimate,
        activations_bytes=fixed.activations.estimate,
        overhead_bytes=fixed.overhead.estimate,
        total_bytes=total.estimate + pool.estimate,
        available_bytes=budget.available,
        total_low_bytes=total.low + one_request,
        total_high_bytes=total.high + pool.low,
        kv_cache_low_bytes=pool.low,
        kv_cache_high_bytes=pool.high,
    )


def _candidate(
    setting: Setting,
    choice: Choice,
    layout: Layout,
    budget: Budget,
    base: Candidate,
    memory: MemoryPerGpu,
    holds: Capacity | None,
    arithmetic: Callable[[Candidate], tuple[MemoryLine, ...]],
) -> Candidate | Rejection:
    share = memory.kv_cache_low_bytes / memory.kv_cache_bytes if memory.kv_cache_bytes else 1.0
    at_least = holds.concurrency * share if holds is not None else None
    chosen_arguments = setting.model_arguments(choice.weights)
    faults = partial(
        setting.facts.faults.of,
        backend=setting.backend,
        version=setting.backend_version,
        gpu=layout.gpus[0] if layout.gpus else None,
        word=choice.quantization,
        shape=choice.weights.architecture,
    )
    drafting_faults = (row for row in faults("advice", word=SPECULATION) if row.formats and setting.speculation)
    given = {word.partition("=")[0] for word in chosen_arguments.words}
    needed = [fault for fault in faults("set") if given.isdisjoint(word.partition("=")[0] for word in fault.words)]
    candidate = dataclasses.replace(
        base,
        model_args=(
            *chosen_arguments.words,
            *_of_the_entry(setting),
            *(word for fault in needed for word in fault.arguments),
        ),
        kernel_env={name: value for fault in needed for name, value in fault.variables.items()},
        dropped=chosen_arguments.dropped,
        gpu_memory_utilization=_share(setting, budget, memory),
        memory_per_gpu=memory,
        kv_cache_tokens=holds.tokens if holds is not None else None,
        max_concurrency=round(holds.concurrency, 2) if holds is not None else None,
        reasons=(
            *reasons_of(setting, choice, layout, base, at_least, budget),
            *chosen_arguments.reasons,
            *(f"kernels: {fault.sentence}" for fault in (*faults("weight-only"), *needed, *faults("advice"))),
            *(f"kernels: {fault.sentence}" for fault in drafting_faults),
            *drafting_reason(setting, choice, layout),
            *adapters_reason(setting, adapters_on(setting, choice, layout).estimate),
            *code_left_out(chosen_arguments.dropped, choice.weights, setting.request),
            *(f"argument: {note}" for note in setting.arguments.notes),
            *base.reasons,
        ),
    )
    kernel = setting.facts.kernel(setting.backend, setting.device, choice.quantization)
    launch = Launch(
        location=choice.weights.location,
        served_model_names=(setting.model,),
        device=setting.device,
    )
    command = BACKENDS[setting.backend].command_line(candidate, launch)
    missing = setting.facts.arguments.missing(command.argv, backend=setting.backend, version=setting.backend_version)
    if missing is not None:
        reason = f"a start of {setting.backend} {setting.backend_version} would need {missing}"
        return reject(candidate, "version_unsupported", reason)
    return dataclasses.replace(
        candidate,
        estimated=estimate(
            choice.weights, candidate, layout.gpus[: layout.split], kernel, setting.facts, bridged=layout.bridged
        ),
        argv=command.argv,
        env=dict(command.env),
        arithmetic=arithmetic(candidate),
    )


def _speculative(setting: Setting, choice: Choice) -> dict[str, object] | None:
    asked = setting.speculation
    if asked is None:
        return None
    return {"method": asked.method, "num_speculative_tokens": drafted(setting, choice.weights.architecture)}


def _of_the_entry(setting: Setting) -> tuple[str, ...]:
    """What the model's entry says and this version of the backend has a switch for."""
    request, history = setting.request, setting.facts.arguments
    runs = BACKENDS[setting.backend].runs
    words = runs.words_of_the_model(setting.task, request.defaults, request.pooling)
    if request.handling is not None:
        words = (*words, *runs.words_of_the_handling(request.handling))
    version = setting.backend_version
    return tuple(word for word in words if not history.missing((word,), backend=setting.backend, version=version))


def _share(setting: Setting, budget: Budget, memory: MemoryPerGpu) -> float | None:
    """The share of a GPU that the backend is given: all that may be used, where a KV cache takes what is left."""
    if budget.utilization is None or setting.request.gpu_memory_utilization is not None:
        return budget.utilization
    if setting.estimates is None:
        return None
    if not memory.kv_cache_bytes:
        return budget.utilization
    return budget.utilization if setting.estimates.share_holds_all else static_share(memory, budget)


def _base(setting: Setting, choice: Choice, layout: Layout, kv_cache_dtype: str | None) -> Candidate:
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
        gpu_indices=tuple(gpu.index for gpu in layout.gpus),
        gpu_uuids=tuple(gpu.uuid for gpu in layout.gpus if gpu.uuid is not None),
        gpu_name=layout.gpus[0].name if layout.gpus else None,
        tensor_parallel=layout.tensor_parallel,
        pipeline_parallel=layout.pipeline_parallel,
        data_parallel=layout.data_parallel,
        stage_layers=layout.stages,
        expert_parallel=layout.expert_parallel,
        dtype=choice.dtype,
        libraries=libraries_of(setting.backend, weights),
        kv_cache_dtype=kv_cache_dtype,
        load_quantization=choice.at_load,
        enforce_eager=bool(request.enforce_eager) or not layout.gpus,
        custom_all_reduce=not (layout.apart and layout.tensor_parallel > 1),
        trust_remote_code=request.trust_remote_code,
        adapters=request.found_adapters,
        extra_args=setting.arguments.words,
        extra_env=request.env,
        allowed_env=tuple(name for name in request.allow_env if name in request.env),
        explicit=setting.explicit,
    )
