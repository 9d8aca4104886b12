"""The arithmetic of a plan on each device, line by line."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelscan.backends.registry import BACKENDS
from modelscan.model import HUB_SOURCES, Candidate, Claim, Gpu, Offload, Plan, PlanRequest, WeightsDescription
from modelscan.planning.options.budget import DEFAULT_UTILIZATION, GPU_RESERVE, HOST_RESERVE, gpu_budget
from modelscan.units import GIB, format_bytes, format_tokens
from modelscan.weights.counting.trust import is_known

_PARTS = ("weights", "activations", "overhead", "kv_cache")


def explain(plan: Plan, options: Sequence[WeightsDescription] = (), claims: Sequence[Claim] = ()) -> tuple[str, ...]:
    """Lines for a person. `options` have the origin of the shape, `claims` what other deployments will take."""
    chosen = plan.chosen
    if chosen is None:
        return ()
    where = "host memory" if not chosen.gpu_indices else "each GPU" if len(chosen.gpu_indices) > 1 else "the GPU"
    weights = next((item for item in options if _is_of(item, chosen)), None)
    lines = [f"Arithmetic of {where}: bytes, with lower and upper bounds in GiB"]
    ordered = [line for part in _PARTS for line in chosen.arithmetic if line.part == part]
    for number, line in enumerate(ordered):
        bounds = f"{line.low_bytes / GIB:8.2f} {line.high_bytes / GIB:8.2f}"
        sign = "+" if number else " "
        lines.append(f"  {sign} {line.what:<13} {line.estimate_bytes:>15,} {bounds}   {line.how}".rstrip())
    memory = chosen.memory_per_gpu
    needed = f"at least {format_bytes(memory.total_low_bytes)} for one request"
    lines.append(f"  = {'total':<13} {sum(line.estimate_bytes for line in ordered):>15,} {' ' * 17}   {needed}")
    lines += ["", "Where the bounds come from", *(f"  {text}" for text in _bounds(chosen, weights))]
    lines += ["", "Usable memory", *(f"  {text}" for text in _budget(plan, chosen, claims))]
    lines += ["", "Sources", f"  shape: {_shape_source(weights)}"]
    if chosen.estimated.basis is not None:
        lines.append(f"  speed: {chosen.estimated.basis}")
    lines += [f"  {reason}" for reason in chosen.reasons if reason.startswith("measured: ")]
    if chosen.dropped:
        lines += ["", "Left out of the catalogs' arguments", *(f"  {item}" for item in chosen.dropped)]
    return tuple(lines)


def _is_of(weights: WeightsDescription, chosen: Candidate) -> bool:
    return (weights.source, weights.repo_id) == (chosen.source, chosen.repo_id)


def _bounds(chosen: Candidate, weights: WeightsDescription | None) -> list[str]:
    """How far each part may be off, and the source of that figure."""
    memory = chosen.memory_per_gpu
    known = sum(line.high_bytes - line.estimate_bytes for line in chosen.arithmetic if line.part == "weights")
    share = known / max(memory.weights_bytes, 1)
    if any(reason.startswith("measured: ") for reason in chosen.reasons):
        why = "two starts of the same weights on this machine hardly differ"
    elif weights is not None and weights.bytes_by_dtype and chosen.load_quantization is None:
        why = "the headers list every byte; kernels may repack them"
    else:
        why = "the error of counting from the shape in published starts"
        if weights is not None and weights.verified is False:
            why += ", wider because nobody has confirmed this shape"
    lines = [f"weights: {share:.1%} at most: {why}"]
    others = {
        "activations": "the error of the formula in published starts",
        "overhead": "the spread of published start logs, mostly CUDA graphs",
    }
    if BACKENDS[chosen.backend].occupies is not None:
        others = {
            "activations": "the spread of measured requests to small models, in proportion for larger ones",
            "overhead": "the spread of measured starts",
        }
    if not any(line.part == "activations" for line in chosen.arithmetic):
        others = {"overhead": "the backend brings no estimate"}
    for part, source in others.items():
        own = [line for line in chosen.arithmetic if line.part == part]
        high = sum(line.high_bytes for line in own)
        lines.append(
            f"{part}: {format_bytes(max(sum(line.low_bytes for line in own), 0))} to {format_bytes(high)}: {source}"
        )
    if memory.kv_cache_high_bytes > memory.kv_cache_low_bytes:
        lines.append(
            "KV cache: what the others leave, as their errors are independent; its low bound must hold one request"
        )
    return lines


def _budget(plan: Plan, chosen: Candidate, claims: Sequence[Claim]) -> list[str]:
    memory = chosen.memory_per_gpu
    may = f"may be used: {format_bytes(memory.available_bytes)}"
    if not chosen.gpu_indices:
        cpu = plan.hardware.cpu
        free = cpu.memory_free_bytes or cpu.memory_total_bytes
        left = f"free: {format_bytes(free)}, less a reserve of {format_bytes(HOST_RESERVE)}"
        return [*_claimed(claims, None), left, *_of_the_host(chosen), may]
    used = [gpu for gpu in plan.hardware.devices if chosen.uses(gpu)]
    if chosen.offload is not None:
        return _beside_the_host(chosen, chosen.offload, used, claims)
    least = min(used, key=_free)
    total = least.memory_usable_bytes or least.memory_total_bytes or 0
    lines = [f"a process can have {format_bytes(total)} of the GPU's {format_bytes(least.memory_total_bytes)}"]
    lines += _claimed(claims, least.index)
    lines.append(f"free on GPU {least.index}, which has least: {format_bytes(_free(least))}")
    if "gpu_memory_utilization" in chosen.explicit:
        lines.append(f"share: {chosen.gpu_memory_utilization}, as asked")
    else:
        rest = f"(free - {format_bytes(GPU_RESERVE)} for the backend's context) / what a process can have"
        spare = _spare(plan, chosen, least)
        if spare:
            lines.append(f"share: what can be used, rounded up to a hundredth; {format_bytes(spare)} stays free")
            fullest = math.floor(min(DEFAULT_UTILIZATION, (_free(least) - GPU_RESERVE) / total) * 100) / 100
            lines.append(f"to give it that too: --gpu-memory-utilization {fullest}, or --max-memory SIZE")
            return [*lines, f"{may}, passed to the backend as {chosen.gpu_memory_utilization}"]
        usual = (memory.available_bytes or 0) <= DEFAULT_UTILIZATION * total
        most = [str(DEFAULT_UTILIZATION)] if usual else []
        most += ["--max-memory"] if "max_memory_bytes" in chosen.explicit else []
        words = f"the least of {', '.join(most)} and {rest}" if most else rest
        lines.append(f"share: {words}, rounded down to a hundredth")
        lines += [] if usual else [f"more than the usual {DEFAULT_UTILIZATION}, which would leave too little KV cache"]
    passed = f", passed to the backend as {chosen.gpu_memory_utilization}" if chosen.gpu_memory_utilization else ""
    return [*lines, f"{may}{passed}"]


def _beside_the_host(chosen: Candidate, offload: Offload, used: Sequence[Gpu], claims: Sequence[Claim]) -> list[str]:
    """Of each GPU all that is free, less a reserve; and of the host."""
    lines = []
    for gpu in used:
        lines += _claimed(claims, gpu.index)
        lines.append(
            f"free on GPU {gpu.index}: {format_bytes(_free(gpu))}, less a reserve of {format_bytes(GPU_RESERVE // 2)}"
        )
    host = "unknown" if offload.host_available_bytes is None else format_bytes(offload.host_available_bytes)
    lines += _claimed(claims, None)
    lines.append(f"host memory: {format_bytes(offload.host_bytes)} of {host}")
    lines += _of_the_host(chosen)
    if "max_memory_bytes" in chosen.explicit:
        lines.append(f"of each GPU at most {format_bytes(chosen.memory_per_gpu.available_bytes)}, as asked")
    return lines


def _of_the_host(chosen: Candidate) -> list[str]:
    return ["no more of the host than --max-host-memory allows"] if "max_host_memory_bytes" in chosen.explicit else []


def _spare(plan: Plan, chosen: Candidate, least: Gpu) -> int:
    """Bytes of one GPU that the usual share would take and this plan leaves free."""
    usual = gpu_budget(least, PlanRequest(model=plan.model))
    if usual is None or "max_memory_bytes" in chosen.explicit:
        return 0
    return max(usual.available - (chosen.memory_per_gpu.available_bytes or 0), 0)


def _claimed(claims: Sequence[Claim], index: int | None) -> list[str]:
    return [
        f"`{claim.deployment}` has yet to take {format_bytes(claim.outstanding_bytes)} of its "
        f"{format_bytes(claim.claimed_bytes)}, which does not count as free"
        for claim in claims
        if claim.gpu_index == index and claim.outstanding_bytes
    ]


def _free(gpu: Gpu) -> int:
    total = gpu.memory_usable_bytes or gpu.memory_total_bytes or 0
    return total if gpu.memory_free_bytes is None else min(gpu.memory_free_bytes, total)


def _shape_source(weights: WeightsDescription | None) -> str:
    if weights is None or weights.architecture is None:
        return "unknown"
    if weights.shape_from is not None:
        shape, known = weights.architecture, "the bounds are wider"
        if shape.unquantized_modules or shape.quant_groups or shape.quant_group_size:
            known = "quantized as its maker does it" + ("" if weights.verified else f"; {known}")
        return f"the shape of {weights.shape_from}, as the files of {weights.repo_id} are unknown; {known}"
    if weights.tensors is not None:
        parameters = format_tokens(weights.architecture.total_parameters)
        return f"the headers of {', '.join(weights.files)}; {parameters} parameters"
    headers = " and the headers of its files" if weights.bytes_by_dtype else ""
    count = weights.architecture.total_parameters
    known = f"; {format_tokens(count)} parameters" if count else ""
    if not count and not headers and not is_known(weights.architecture):
        known = "; the layers of this family are unknown, so the bounds are wider"
    if weights.source == "local_path":
        return f"config.json{headers} in {weights.location}{known}"
    if weights.commit is not None:
        named = "commit " if weights.source in HUB_SOURCES else ""
        return f"config.json{headers} of {weights.repo_id} at {named}{weights.commit}{known}"
    sure = "not confirmed by a parameter count, so the bounds are wider" if weights.verified is False else "confirmed"
    return f"the facts shipped with modelscan for {weights.repo_id}, {sure}{known}"
