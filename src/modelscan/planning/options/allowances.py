"""How much of a GPU a candidate may take, and the type of its KV cache: the usual first, then tighter ones."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, Gpu, Task
from modelscan.planning.options.budget import DEFAULT_UTILIZATION
from modelscan.planning.options.setting import Setting

# What vLLM 0.33 cannot run as a pipeline (models/*.py without SupportsPP), BERT and its kin and Whisper; their context
# is short, and more memory gains nothing.
ENCODERS: frozenset[Task] = frozenset({"embed", "rerank", "speech-to-text"})
_ALL_BUT_RESERVE = 0.97
# vLLM 0.33: v1/attention/backends/flashinfer.py, get_supported_head_sizes; without 512, of which no start is known.
_HEADS = frozenset({64, 128, 256})


@dataclass(frozen=True, slots=True)
class Allowance:
    """The largest share of a GPU, and the type of the KV cache where the plan chooses it."""

    utilization: float = DEFAULT_UTILIZATION
    kv_cache_dtype: str | None = None

    @property
    def tight(self) -> bool:
        return self.utilization > DEFAULT_UTILIZATION


USUAL = Allowance()


def allowances(setting: Setting, devices: Sequence[Gpu], shape: Architecture | None) -> list[Allowance]:
    """The usual share, then with an FP8 KV cache, then both with all memory but the reserve. What the user fixed is
    kept.
    """
    request = setting.request
    if not devices or setting.task in ENCODERS:
        return [USUAL]
    free = request.gpu_memory_utilization is None and request.max_memory_bytes is None
    shares = (DEFAULT_UTILIZATION, _ALL_BUT_RESERVE) if free else (DEFAULT_UTILIZATION,)
    eight = request.kv_cache_dtype is None and _holds_fp8(setting, devices, shape)
    types = (None, "fp8") if eight else (None,)
    return [Allowance(share, dtype) for share in shares for dtype in types]


def _holds_fp8(setting: Setting, devices: Sequence[Gpu], shape: Architecture | None) -> bool:
    """Whether the backend has kernels for an FP8 KV cache there: several, or one alone (FlashInfer's, before Ada).

    One alone counts where a context was asked for, for attention that it is known to support.
    """
    words = ["FP8 KV"]
    plain = shape is not None and not shape.kv_lora_rank and not shape.sliding_window
    if plain and shape is not None and shape.head_dim in _HEADS and setting.request.context_length is not None:
        words.append("FP8 KV by one kernel")
    kernels = (setting.facts.kernel(setting.backend, setting.device, word) for word in words)
    return any(kernel is not None and all(kernel.runs_on(gpu) for gpu in devices) for kernel in kernels)
