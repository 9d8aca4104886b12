"""Another layout than the fewest GPUs, for what a mode is about: wider for latency, fewer copies for throughput."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.model import Candidate, Hardware, Rejection
from modelscan.planning.decide.candidates import judge, weights_on
from modelscan.planning.decide.spreading import budget_of
from modelscan.planning.options.allowances import Allowance
from modelscan.planning.options.layouts import Layout
from modelscan.planning.options.quantization import Choice
from modelscan.planning.options.setting import Setting

# Doubling the GPUs is worth it for latency if one request is answered a third faster: a judgement.
_WORTH_DOUBLING = 4 / 3
# More copies exchange less data, but each repeats the attention weights: this much less KV cache is acceptable.
_ENOUGH_CAPACITY = 2 / 3


def improved(
    setting: Setting,
    choice: Choice,
    hardware: Hardware,
    spread: Sequence[Layout],
    allowance: Allowance,
    found: Candidate,
) -> Candidate:
    """Another layout for what the mode is about, where there is one."""
    if setting.request.mode == "latency":
        return _faster(setting, choice, hardware, spread, allowance, found)
    if found.expert_parallel and found.data_parallel > 1:
        return _roomier(setting, choice, hardware, spread, allowance, found)
    return found


def _faster(
    setting: Setting,
    choice: Choice,
    hardware: Hardware,
    spread: Sequence[Layout],
    allowance: Allowance,
    found: Candidate,
) -> Candidate:
    """For latency: divide each layer over more GPUs while doubling them answers one request enough faster."""
    for wide in spread:
        layout = dataclasses.replace(wide, faster=True)
        more = layout.tensor_parallel / found.tensor_parallel
        budget = budget_of(layout, setting.request, hardware, allowance)
        if budget is None or more <= 1 or layout.pipeline_parallel > 1:
            continue
        weights = weights_on(setting, choice, layout)
        wider = judge(setting, choice, layout, budget, weights, kv_cache_dtype=allowance.kv_cache_dtype)
        speeds = found.estimated.decode_tokens_per_second, wider.estimated.decode_tokens_per_second
        if isinstance(wider, Rejection) or speeds[0] is None or speeds[1] is None:
            continue
        if speeds[1] >= speeds[0] * _WORTH_DOUBLING ** math.log2(more):
            found = wider
    return found


def _roomier(
    setting: Setting,
    choice: Choice,
    hardware: Hardware,
    spread: Sequence[Layout],
    allowance: Allowance,
    found: Candidate,
) -> Candidate:
    """For throughput: fewer copies of the non-expert weights where those leave too little KV cache in total."""
    judged = [found]
    for layout in spread:
        budget = budget_of(layout, setting.request, hardware, allowance)
        same = layout.pipeline_parallel == 1 and len(layout.gpus) == len(found.gpu_indices)
        if budget is None or not same or layout.split <= found.tensor_parallel:
            continue
        weights = weights_on(setting, choice, layout)
        other = judge(setting, choice, layout, budget, weights, kv_cache_dtype=allowance.kv_cache_dtype)
        if not isinstance(other, Rejection):
            judged.append(other)
    capacities = [(item.kv_cache_tokens or 0) * item.data_parallel for item in judged]
    return next(
        item for item, tokens in zip(judged, capacities, strict=True) if tokens >= _ENOUGH_CAPACITY * max(capacities)
    )
