"""What the next number of idle GPUs would bring to a plan whose context is shorter than the model's."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from modelscan import dataclasses
from modelscan.model import Plan, PlanRequest, WeightsDescription
from modelscan.planning.options.context import model_limit
from modelscan.planning.options.layouts import alike
from modelscan.units import format_tokens


def with_more_gpus(
    plan: Plan,
    request: PlanRequest,
    options: Sequence[WeightsDescription],
    decide: Callable[[PlanRequest], Plan],
) -> Plan:
    """The plan, with that among its reasons where more GPUs of the kind hold a longer context of the same weights."""
    chosen = plan.chosen
    open_ = request.context_length is None and request.gpu_count is None and not request.gpus
    if chosen is None or not chosen.gpu_indices or not open_ or chosen.data_parallel > 1:
        return plan
    weights = next((item for item in options if item.repo_id == chosen.repo_id), None)
    limit = model_limit(weights.architecture) if weights is not None else None
    length, taken = chosen.max_model_len, len(chosen.gpu_indices)
    if length is None or limit is None or length >= limit:
        return plan
    kind = next((group for group in alike(plan.hardware.devices) if any(map(chosen.uses, group))), [])
    for count in range(taken + 1, len(kind) + 1):
        asked = dataclasses.replace(request, gpu_count=count, quantization=chosen.quantization)
        wider = decide(asked).chosen
        if wider is not None and (wider.max_model_len or 0) > length:
            what = f"longer: {format_tokens(wider.max_model_len)} tokens of context on {count} GPUs: --gpus {count}"
            chosen = dataclasses.replace(chosen, reasons=(*chosen.reasons, what))
            return dataclasses.replace(plan, chosen=chosen)
    return plan
