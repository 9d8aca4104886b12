"""What would give a plan whose context is shorter than the model's a longer one: asking for it, or idle GPUs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from modelscan import dataclasses
from modelscan.model import Candidate, Plan, PlanRequest, WeightsDescription
from modelscan.planning.options.context import model_limit
from modelscan.planning.options.layouts import alike
from modelscan.units import format_tokens


def with_longer(
    plan: Plan,
    request: PlanRequest,
    options: Sequence[WeightsDescription],
    decide: Callable[[PlanRequest], Plan],
) -> Plan:
    """The plan, with that among its reasons, each with the option to give and the context that it then has."""
    chosen = plan.chosen
    if chosen is None or not chosen.gpu_indices or request.context_length is not None:
        return plan
    weights = next((item for item in options if item.repo_id == chosen.repo_id), None)
    limit = model_limit(weights.architecture) if weights is not None else None
    if chosen.max_model_len is None or limit is None or chosen.max_model_len >= limit:
        return plan
    reasons = [*map(partial(_completed, longest=_longest(chosen, request, decide)), chosen.reasons)]
    reasons += _on_more_gpus(plan, chosen, request, decide)
    return dataclasses.replace(plan, chosen=dataclasses.replace(chosen, reasons=tuple(reasons)))


def _completed(reason: str, longest: str) -> str:
    return f"{reason}{longest}" if reason.startswith("context: ") else reason


def _longest(chosen: Candidate, request: PlanRequest, decide: Callable[[PlanRequest], Plan]) -> str:
    """The context of a plan is one of a few usual lengths, which is seldom the longest that works."""
    found = decide(dataclasses.replace(request, context_length="max")).chosen
    if found is None or (found.max_model_len or 0) <= (chosen.max_model_len or 0):
        return ""
    other = f" in {found.quantization}" if found.quantization != chosen.quantization else ""
    count = len(found.gpu_indices)
    where = f" on {count} GPU{'s' if count != 1 else ''}" if count != len(chosen.gpu_indices) else ""
    return f"; up to {format_tokens(found.max_model_len)}{other}{where} with --context-length max"


def _on_more_gpus(
    plan: Plan, chosen: Candidate, request: PlanRequest, decide: Callable[[PlanRequest], Plan]
) -> list[str]:
    """What the next number of idle GPUs of the kind would bring, with the same weights."""
    if request.gpu_count is not None or request.gpus or chosen.data_parallel > 1:
        return []
    length, taken = chosen.max_model_len or 0, len(chosen.gpu_indices)
    kind = next((group for group in alike(plan.hardware.devices) if any(map(chosen.uses, group))), [])
    for count in range(taken + 1, len(kind) + 1):
        asked = dataclasses.replace(request, gpu_count=count, quantization=chosen.quantization)
        wider = decide(asked).chosen
        if wider is not None and (wider.max_model_len or 0) > length:
            return [f"longer: {format_tokens(wider.max_model_len)} tokens of context on {count} GPUs: --gpus {count}"]
    return []
