"""Refusals that need no arithmetic: no layout, no GPU or no weights match the request."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.backends.registry import BACKENDS
from modelscan.model import (
    Candidate,
    Gpu,
    GpuFilters,
    Hardware,
    Model,
    Plan,
    PlanRequest,
    Rejection,
    WeightsDescription,
)
from modelscan.planning.options.gpu_filters import filters_text
from modelscan.planning.options.layouts import tensor_parallel_problem
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.rejection import reject
from modelscan.planning.options.setting import Setting


def no_layout(setting: Setting, choice: Choice, devices: Sequence[Gpu]) -> str:
    request, shape = setting.request, choice.weights.architecture
    if request.gpu_count is not None and request.gpu_count > len(devices):
        return f"{request.gpu_count} GPUs were asked for, and {len(devices)} are there"
    asked = [
        f"{name.replace('_', ' ')} {value}"
        for name, value in (
            ("gpus", request.gpu_count),
            ("tensor_parallel", request.tensor_parallel),
            ("pipeline_parallel", request.pipeline_parallel),
        )
        if value is not None
    ]
    there = f"{len(devices)} usable GPU{'s' if len(devices) != 1 else ''}"
    sizes = [request.tensor_parallel] if request.tensor_parallel else range(len(devices), 1, -1)
    why = next((problem for size in sizes if (problem := tensor_parallel_problem(shape, size))), None)
    return (
        f"the model cannot be divided over {there} as asked ({', '.join(asked) or 'all of them'})"
        f"{f': {why}' if why else ''}"
    )


def nothing_usable(
    model: Model | None, hardware: Hardware, request: PlanRequest, allowed: Sequence[Gpu]
) -> Plan | None:
    """The refusal where a GPU was wanted and none can be had: a machine whose GPU is broken is no CPU machine."""
    if request.no_gpu:
        return None
    if hardware.faults and not request.gpus and not any(not gpu.integrated for gpu in hardware.devices):
        reason = f"no GPU of this machine can be used: {'; '.join(hardware.faults)}"
        return _refused(model, hardware, request, "gpu_unusable", reason)
    if request.gpu_filters is not None and not allowed:
        return _none_allowed(model, hardware, request, request.gpu_filters)
    return None


def _none_allowed(model: Model | None, hardware: Hardware, request: PlanRequest, filters: GpuFilters) -> Plan:
    there = ", ".join(sorted({gpu.name or "an unknown GPU" for gpu in hardware.devices})) or "none"
    reason = f"no GPU matches the deployment file, which wants {filters_text(filters)}; this machine has {there}"
    return _refused(model, hardware, request, "gpu_filters", reason)


def _refused(model: Model | None, hardware: Hardware, request: PlanRequest, code: str, reason: str) -> Plan:
    backend = request.backend or BACKENDS.usual.name
    explicit = ("gpu_filters",) if request.gpu_filters is not None else ()
    base = Candidate(backend=backend, quantization=request.quantization, explicit=explicit)
    return Plan(
        model=model.id if model is not None else request.model,
        hardware=hardware,
        feasible=False,
        rejected=(reject(base, code, reason),),
    )


def nothing_asked_for(setting: Setting, options: Sequence[WeightsDescription]) -> Rejection:
    wanted = setting.request.quantization
    base = Candidate(backend=setting.backend, quantization=wanted, explicit=setting.explicit)
    if not options:
        return reject(base, "no_weights", f"no weights of `{setting.model}` are known")
    forms = {form.quantization for item in options for form in item.forms}
    known = sorted(forms | {item.quantization or "BF16" for item in options})
    return reject(
        base,
        "no_weights",
        f"no weights in {wanted} are known, and {setting.backend} does not make them while loading; "
        f"known: {', '.join(known)}",
    )
