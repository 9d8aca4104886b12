"""Why one way to run the model is no candidate: what was fixed and cannot be, kernels, requests, memory."""

from __future__ import annotations

import itertools

from modelscan import dataclasses
from modelscan.backends.capabilities import Estimates
from modelscan.backends.registry import BACKENDS
from modelscan.model import Architecture, Candidate, MemoryPerGpu, Rejection
from modelscan.planning.memory.footprint import Fixed
from modelscan.planning.options.budget import Budget
from modelscan.planning.options.concurrency import bounded
from modelscan.planning.options.context import model_limit
from modelscan.planning.options.layouts import Layout
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.rejection import reject
from modelscan.planning.options.setting import Setting
from modelscan.units import format_bytes, format_tokens


def fixed_wrong(setting: Setting, shape: Architecture | None, budget: Budget, base: Candidate) -> Rejection | None:
    """What the user fixed that cannot work on any device."""
    request = setting.request
    limit = model_limit(shape)
    asked = request.context_length if isinstance(request.context_length, int) else None
    if asked is not None and limit is not None and asked > limit:
        return reject(
            base,
            "context_too_long",
            f"a context of {format_tokens(asked)} was requested, but the model's limit is {format_tokens(limit)}",
        )
    if request.gpu_memory_utilization not in {None, budget.utilization}:
        return reject(
            base,
            "memory_limit",
            f"a share of {request.gpu_memory_utilization:.2f} was requested, but at most "
            f"{format_bytes(request.max_memory_bytes)} of the GPU's {format_bytes(budget.total)} is allowed",
        )
    if budget.available > budget.free:
        return reject(
            base,
            "memory_taken",
            f"a share of {budget.utilization:.2f} was requested, {format_bytes(budget.available)} of the GPU's "
            f"{format_bytes(budget.total)}, but only {format_bytes(budget.free)} is free",
            needed=budget.available,
            available=budget.free,
        )
    return None


def unfit_cache(setting: Setting, choice: Choice, layout: Layout, base: Candidate) -> Rejection | None:
    """Why a KV cache in FP8 or NVFP4, or in this form of it, does not run on these GPUs; or in a type of another
    backend's.
    """
    if base.kv_cache_dtype is not None and setting.request.kv_cache_dtype is not None:
        having = [name for name, other in BACKENDS.items() if base.kv_cache_dtype in other.runs.cache_dtypes]
        if having and setting.backend not in having:
            what = f"{setting.backend} has no KV cache in {base.kv_cache_dtype}; {having[0]} has"
            return reject(base, "no_kernel", what)
    exact = (base.kv_cache_dtype or "").upper()
    word = next((word for word in ("FP8", "NVFP4") if exact.startswith(word)), None)
    if word is None or not layout.gpus:
        return None
    version, gpu, shape = setting.backend_version, layout.gpus[0], choice.weights.architecture
    faults = (
        setting.facts.faults.of("refused", setting.backend, version, gpu, f"{form} KV", shape) for form in (exact, word)
    )
    fault = next(itertools.chain.from_iterable(faults), None)
    if fault is None:
        return None
    return reject(base, "no_kernel", f"{setting.backend} {version or ''}: {fault.sentence}")


def too_many(setting: Setting, estimates: Estimates, base: Candidate, step: int) -> Rejection | None:
    """More concurrent requests than the backend starts with. `step` is the tokens that it computes at once."""
    requests = setting.request.max_concurrency or 0
    if not estimates.sequences_within_step or requests <= step:
        return None
    name = BACKENDS[setting.backend].runs.step_argument
    way_out = f": --backend-arg={name}={requests} allows them" if name else ""
    return reject(
        base,
        "concurrency",
        f"{requests} concurrent requests exceed the {step} tokens that {setting.backend} computes in one step{way_out}",
    )


def more_than_states(base: Candidate, limit: int) -> Rejection:
    return reject(
        base,
        "concurrency",
        f"{base.max_num_seqs} concurrent requests need as many blocks for their states where CUDA graphs are captured, "
        f"and with so many the KV cache holds at least {limit}; --enforce-eager captures none",
    )


def states_reason(limit: int) -> str:
    return (
        f"concurrency: {bounded(limit)} requests at once, because each needs a block for its state and the KV cache "
        f"holds at least {limit}"
    )


def too_large(base: Candidate, fixed: Fixed, length: int, one_request: int, budget: Budget) -> Rejection:
    total = fixed.total
    needed = total.high + one_request
    count = len(base.gpu_indices)
    where = "the CPU" if count == 0 else "the GPU" if count == 1 else f"each of {count} GPUs"
    reason = (
        f"{base.quantization} needs {format_bytes(needed)} on {where}, {format_bytes(budget.available)} may be used: "
        f"weights {format_bytes(fixed.weights.estimate)}, activations {format_bytes(fixed.activations.estimate)}, "
        f"overhead {format_bytes(fixed.overhead.estimate)}, "
        f"KV cache {format_bytes(one_request)} for one request of {format_tokens(length)} tokens, "
        f"uncertainty {format_bytes(total.high - total.estimate)}"
    )
    memory = MemoryPerGpu(
        weights_bytes=fixed.weights.estimate,
        kv_cache_bytes=one_request,
        activations_bytes=fixed.activations.estimate,
        overhead_bytes=fixed.overhead.estimate,
        total_bytes=total.estimate + one_request,
        available_bytes=budget.available,
        total_low_bytes=total.low + one_request,
        total_high_bytes=needed,
        kv_cache_low_bytes=one_request,
        kv_cache_high_bytes=one_request,
    )
    base = dataclasses.replace(base, memory_per_gpu=memory, max_model_len=length)
    return reject(base, "no_memory", reason, needed=needed, available=budget.available)
