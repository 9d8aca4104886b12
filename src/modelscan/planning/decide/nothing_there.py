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
from modelscan.planning.decide.candidates import reject
from modelscan.planning.options.gpu_filters import filters_text
from modelscan.planning.options.layouts import tensor_parallel_problem
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.setting import Setting


def no_layout(setting: Setting, choice: Choice, devices: Sequence[Gpu]) -> str:
    request, shape = setting.request, choice.weights.architecture
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


def none_allowed(model: Model | None, hardware: Hardware, request: PlanRequest, filters: GpuFilters) -> Plan:
    there = ", ".join(sorted({gpu.name or "an unknown GPU" for gpu in hardware.devices})) or "none"
    backend = request.backend or BACKENDS.usual.name
    base = Candidate(backend=backend, quantization=request.quantization, explicit=("gpu_filters",))
    reason = f"no GPU matches the deployment file, which wants {filters_text(filters)}; this machine has {there}"
    return Plan(
        model=model.id if model is not None else request.model,
        hardware=hardware,
        feasible=False,
        rejected=(reject(base, "gpu_filters", reason),),
    )


def nothing_asked_for(setting: Setting, options: Sequence[WeightsDescription]) -> Rejection:
    wanted = setting.request.quantization
    base = Candidate(backend=setting.backend, quantization=wanted, explicit=setting.explicit)
    if not options:
        return reject(base, "no_weights", f"no weights of `{setting.model}` are known")
    known = sorted({item.quantization or "BF16" for item in options})
    return reject(
        base,
        "no_weights",
        f"no weights in {wanted} are known, and {setting.backend} does not make them while loading; "
        f"known: {', '.join(known)}",
    )
