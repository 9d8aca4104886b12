"""How much of a GPU a candidate may take, and the type of its KV cache: the usual first, then tighter ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from modelscan.model import Gpu, Task
from modelscan.planning.options.budget import DEFAULT_UTILIZATION
from modelscan.planning.options.setting import Setting

# What vLLM 0.33 cannot run as a pipeline (models/*.py without SupportsPP), BERT and its kin and Whisper; their context
# is short, and more memory gains nothing.
ENCODERS: frozenset[Task] = frozenset({"embed", "rerank", "speech-to-text"})
_ALL_BUT_RESERVE = 0.97


@dataclass(frozen=True, slots=True)
class Allowance:
    """The largest share of a GPU, and the type of the KV cache where the plan chooses it."""

    utilization: float = DEFAULT_UTILIZATION
    kv_cache_dtype: str | None = None

    @property
    def tight(self) -> bool:
        return self.utilization > DEFAULT_UTILIZATION


USUAL = Allowance()


def allowances(setting: Setting, devices: Sequence[Gpu]) -> list[Allowance]:
    """The usual share, then with an FP8 KV cache, then both with all memory but the reserve. What the user fixed is
    kept.
    """
    request = setting.request
    if not devices or setting.task in ENCODERS:
        return [USUAL]
    free = request.gpu_memory_utilization is None and request.max_memory_bytes is None
    shares = (DEFAULT_UTILIZATION, _ALL_BUT_RESERVE) if free else (DEFAULT_UTILIZATION,)
    kernel = setting.facts.kernel(setting.backend, setting.device, "FP8 KV")
    eight = request.kv_cache_dtype is None and kernel is not None and all(kernel.runs_on(gpu) for gpu in devices)
    types = (None, "fp8") if eight else (None,)
    return [Allowance(share, dtype) for share in shares for dtype in types]
