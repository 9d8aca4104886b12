"""What may be changed of a plan that did not start, so that it is tried once more. Pure.

Only what the backend itself printed is used, only to ask for less than was planned, and never against what the user
fixed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelscan.deployments.argv import with_option
from modelscan.model import Deployment

_SHORTEST_CONTEXT = 512  # tokens; a shorter one answers, but is of no use


@dataclass(frozen=True, kw_only=True, slots=True)
class Mended:
    """`changes` of the record, and what was done in words."""

    changes: Mapping[str, Any]
    said: str


def mend(deployment: Deployment, suggested: Mapping[str, Any], options: Mapping[str, str]) -> Mended | None:
    """With a smaller value that the backend derived. `options` are its names for `context_length` and
    `gpu_memory_utilization`. None where there is nothing to change, or where it is not ours to change.
    """
    fixed = deployment.plan.get("explicit", ())
    context, share = suggested.get("context_length"), suggested.get("gpu_memory_utilization")
    if isinstance(context, int) and "context_length" in options and "context_length" not in fixed:
        before = deployment.max_model_len
        argv = with_option(deployment.argv, options["context_length"], str(context))
        if argv and before is not None and _SHORTEST_CONTEXT <= context < before:
            return Mended(
                changes={"argv": argv, "max_model_len": context, "plan": {**deployment.plan, "max_model_len": context}},
                said=f"context length {before} made {context}",
            )
    user_sized = {"gpu_memory_utilization", "max_memory_bytes"} & set(fixed)
    if isinstance(share, float) and "gpu_memory_utilization" in options and not user_sized:
        planned = deployment.plan.get("gpu_memory_utilization")
        argv = with_option(deployment.argv, options["gpu_memory_utilization"], f"{share:g}")
        if argv and planned is not None and 0 < share < planned:
            return Mended(
                changes={"argv": argv, "plan": {**deployment.plan, "gpu_memory_utilization": share}},
                said=f"share of the GPU's memory {planned:g} made {share:g}",
            )
    return None
