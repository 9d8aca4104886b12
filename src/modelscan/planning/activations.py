"""What a backend needs while it computes: the largest of a prefill step and of sampling.

prefill = T x bytes x (3 I/TP + 3 H), with experts T x bytes x (k (H + 3 Im/TP) + 3 H); sampling = 38.5 B x S x V.
The structure is vLLM's (a dummy run of the largest batch at start); the constants were set on logs of measured
starts: Llama-3.1-8B at T=20k and 29k 2.06 and 2.99 GiB (measured 2.07, 2.99), sampling on an H100 at S=1024 5.58
GiB for a vocabulary of 152k (measured 5.56).
"""

from __future__ import annotations

from modelscan.model import Architecture
from modelscan.planning.sizes import Sized, within
from modelscan.units import GIB, MIB

_SAMPLER_BYTES = 38.5
_LARGE_GPU_BYTES = 70 * GIB
_UNKNOWN = Sized(256 * MIB, 1 * GIB, 2 * GIB)
_VISION = Sized(512 * MIB, int(1.5 * GIB), 3 * GIB)  # profiling the encoder adds 1 to 3 GiB (measured starts)
_SHARE = 0.25


def batched_tokens(total_bytes: int | None, *, on_gpu: bool) -> int:
    """T, vLLM's default for the API server: 8192 on GPUs of 70 GB and more, else 2048; its CPU default is 4096."""
    if not on_gpu:
        return 4096
    return 8192 if total_bytes is not None and total_bytes >= _LARGE_GPU_BYTES else 2048


def activation_bytes(
    shape: Architecture | None, *, tokens: int, sequences: int, tensor_parallel: int = 1, wide: bool = False
) -> Sized:
    """Bytes on one GPU for steps of `tokens` and `sequences` sampled at once; `wide` for float32."""
    if shape is None or not shape.hidden_size or not shape.vocab_size:
        return _UNKNOWN
    size = 4 if wide else 2
    hidden = shape.hidden_size
    if shape.num_experts and shape.num_experts_per_token:
        inner = shape.moe_intermediate_size or shape.intermediate_size or 4 * hidden
        step = shape.num_experts_per_token * (hidden + 3 * inner / tensor_parallel) + 3 * hidden
    else:
        step = 3 * (shape.intermediate_size or 4 * hidden) / tensor_parallel + 3 * hidden
    peak = max(tokens * size * step, _SAMPLER_BYTES * sequences * shape.vocab_size)
    found = within(peak, _SHARE)
    return found + _VISION if shape.vision else found
