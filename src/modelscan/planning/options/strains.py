"""What is done where the usual share of a GPU would hold too little, the mildest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelscan.model import Gpu, Task
from modelscan.planning.options.budget import DEFAULT_UTILIZATION
from modelscan.planning.options.setting import Setting

# What vLLM 0.33 cannot run as a pipeline (models/*.py without SupportsPP), BERT and its kin and Whisper; their context
# is short, and nothing is gained by straining for it.
ENCODERS: frozenset[Task] = frozenset({"embed", "rerank", "speech-to-text"})
_ALL_BUT_RESERVE = 0.97


@dataclass(frozen=True, slots=True)
class Strain:
    """The most of a GPU, and the type of the KV cache where it is ours to choose."""

    utilization: float = DEFAULT_UTILIZATION
    kv_cache_dtype: str | None = None


AT_EASE = Strain()


def strains(setting: Setting, devices: Sequence[Gpu]) -> list[Strain]:
    """At ease, then with all memory but the reserve, then with a KV cache in FP8. What the user fixed is kept."""
    request = setting.request
    if not devices or setting.task in ENCODERS:
        return [AT_EASE]
    free = request.gpu_memory_utilization is None and request.max_memory_bytes is None
    share = _ALL_BUT_RESERVE if free else DEFAULT_UTILIZATION
    found = [AT_EASE, Strain(share)] if free else [AT_EASE]
    kernel = setting.facts.kernel(setting.backend, setting.device, "FP8 KV")
    if request.kv_cache_dtype is None and kernel is not None and all(kernel.runs_on(gpu) for gpu in devices):
        found.append(Strain(share, "fp8"))
    return found
