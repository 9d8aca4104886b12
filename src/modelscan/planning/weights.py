"""Bytes of weights on each GPU: from the headers where they are known, else per tensor from the shape."""

from __future__ import annotations

from modelscan.model import Architecture, WeightsDescription
from modelscan.planning.sizes import Sized, within
from modelscan.planning.tensors import Parameters, parameters_per_gpu

# Bytes of one parameter of a quantized matrix, scales and zeros included. INT4: groups of 128 with a 16-bit scale
# and a 4-bit zero (0.5 + 2/128 + 0.5/128); FP8: a 4-byte scale per 128 x 128 block; MXFP4: a byte per 32; NVFP4: a
# byte per 16. Checked against the weights that vLLM and SGLang report (measured starts in public issue threads).
BYTES_PER_PARAMETER = {
    "FP32": 4.0,
    "BF16": 2.0,
    "FP16": 2.0,
    "FP8": 1.0 + 4 / 16384,
    "INT8": 1.0 + 4 / 16384,
    "INT4": 0.5 + 2 / 128 + 0.5 / 128,
    "MXFP4": 0.5 + 1 / 32,
    "NVFP4": 0.5 + 1 / 16,
    "FP4": 0.5 + 1 / 16,
}
_SIXTEEN_BIT = 2.0
_EXACT, _FROM_SHAPE, _FROM_COUNT = 0.01, 0.03, 0.05  # how far each way of knowing was off at the 90th percentile


def weights_bytes(
    weights: WeightsDescription,
    quantization: str,
    *,
    at_load: bool = False,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
) -> Sized | None:
    """Weights on one GPU, or None where neither sizes nor shape are known.

    `at_load`: 16-bit files are quantized while they are loaded. Stages of a pipeline are taken as equal, plus one
    part in twenty for the stage that holds the embeddings.
    """
    shape = weights.architecture
    per_gpu = parameters_per_gpu(shape, tensor_parallel) if shape is not None else None
    whole = parameters_per_gpu(shape) if shape is not None else None
    total, share = _checkpoint(weights, quantization, whole, at_load=at_load)
    if total is None:
        return None
    if per_gpu is not None and whole is not None:
        # What is replicated counts on each GPU: the ratio of the per-GPU count to an even split says how much.
        total *= per_gpu.checkpoint / whole.checkpoint
        extra = per_gpu.absorbed * _SIXTEEN_BIT + _rotary(shape)
    else:
        total, extra = total / tensor_parallel, 0.0
    uneven = 1.05 if pipeline_parallel > 1 else 1.0
    return within((total + extra) / pipeline_parallel * uneven, share)


def _checkpoint(
    weights: WeightsDescription, quantization: str, whole: Parameters | None, *, at_load: bool
) -> tuple[float | None, float]:
    """All bytes in memory on one GPU, and how far they may be off."""
    if weights.bytes_by_dtype and not at_load:
        return _converted(weights, quantization), _EXACT
    count = _count(weights)
    if whole is not None:
        # The known total wins over the sum of the structure; what the structure misses is a matrix most often.
        linear = whole.linear if count is None else max(count - whole.plain, 0.0)
        plain_bytes = BYTES_PER_PARAMETER["FP32"] if quantization == "FP32" else _SIXTEEN_BIT
        return linear * BYTES_PER_PARAMETER[quantization] + whole.plain * plain_bytes, _FROM_SHAPE
    if weights.size_bytes is not None and not at_load:
        return float(weights.size_bytes), _EXACT
    return (None if count is None else count * BYTES_PER_PARAMETER[quantization]), _FROM_COUNT


def _converted(weights: WeightsDescription, quantization: str) -> float:
    """The bytes of the files, with floats widened or narrowed to the type of the computation.

    Beside quantized weights they stay as they are: scales and routers.
    """
    factors: dict[str, float] = {}
    if quantization == "FP32":
        factors = {"BF16": 2.0, "F16": 2.0}
    elif quantization in {"BF16", "FP16"}:
        factors = {"F32": 0.5}
    return sum(size * factors.get(dtype, 1.0) for dtype, size in weights.bytes_by_dtype.items())


def _count(weights: WeightsDescription) -> int | None:
    """Parameters, where a figure can be trusted: packed 4-bit integers make the headers count too few."""
    shape = weights.architecture
    if shape is not None and shape.total_parameters:
        return shape.total_parameters
    if weights.parameters_by_dtype and not any(dtype.startswith(("I", "U")) for dtype in weights.parameters_by_dtype):
        return sum(weights.parameters_by_dtype.values())
    return None


def _rotary(shape: Architecture | None) -> float:
    """The table of rotary positions, whole on each GPU: a row of the head's size per position, 16-bit."""
    if shape is None or not shape.max_position_embeddings or not shape.num_attention_heads:
        return 0.0
    head = shape.qk_rope_head_dim or shape.head_dim or (shape.hidden_size or 0) // shape.num_attention_heads
    return shape.max_position_embeddings * head * _SIXTEEN_BIT


def parameter_count(weights: WeightsDescription) -> int | None:
    """Parameters as counted, or as the shape makes them."""
    known = _count(weights)
    if known is not None or weights.architecture is None:
        return known
    made = parameters_per_gpu(weights.architecture)
    return None if made is None else int(made.checkpoint)
