"""Bytes of weights on each GPU: from the file headers where known, else per tensor from the shape."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.model import Architecture, WeightsDescription
from modelscan.units import MIB
from modelscan.weights.counting.sizes import Sized, within
from modelscan.weights.counting.tensors import Parameters, embedding_parameters, parameters_per_gpu
from modelscan.weights.counting.trust import is_known

# Bytes per parameter of a quantized matrix, including scales and zero points. INT4: groups of 128 with a 16-bit scale
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
# bitsandbytes: files use double quantization (Llama-3-8B: 5.3128 GiB measured); quantizing at load time, vLLM keeps a
# 32-bit scale per 64 (e5-mistral-7b: 3.9099 GiB measured).
_NF4_BYTES, _NF4_AT_LOAD_BYTES = 0.5163, 0.5 + 4 / 64
# CTranslate2's int8: 2 % of Whisper is in 32 bits, and each row has a scale. Measured: 76 MB and 40 for base and tiny.
_CT2_INT8, _CT2_SHARE = 1.06, 0.08
_POOLING = frozenset({"embed", "rerank"})
_SIXTEEN_BIT = 2.0
_ALLOCATOR = 16 * MIB  # rounding by PyTorch's allocator: 6 MiB for OPT-125m in every measured start
# The 90th-percentile error of each method. Which modules a quantization skips is an error source of its own, and so is
# an unconfirmed shape.
_EXACT, _FROM_SHAPE, _QUANTIZED, _FROM_COUNT, _UNCONFIRMED = 0.01, 0.02, 0.03, 0.05, 0.03
_UNKNOWN_FAMILY = 0.15  # half of the families that were wrong before their structure was read were off by more
_FLOAT_FOUR_BIT = frozenset({"NVFP4", "MXFP4", "FP4"})
_PACKED = _FLOAT_FOUR_BIT | {"INT4"}
_PACKED_COUNT = 0.8  # a count this far below the shape's sum is one of packed numbers, not of parameters


def weights_bytes(
    weights: WeightsDescription,
    quantization: str,
    *,
    at_load: bool = False,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    experts_over: int | None = None,
    stage_layers: int | None = None,
    at_most: float | None = None,
) -> Sized | None:
    """Weights on one GPU, or None where neither sizes nor shape are known.

    Where NVFP4 or MXFP4 files have a borrowed shape and nobody says what their maker leaves unquantized, bounds allow
    for it.

    `at_load`: 16-bit files are quantized at load time. For a pipeline, this is the largest stage: its whole layers plus
    the embeddings or the head; `stage_layers` are its layers where stages are unequal. `experts_over`: the GPUs that
    whole experts are distributed over. `at_most`: bytes that all weights are known to fit into.
    """
    arguments = (quantization, at_load, tensor_parallel, pipeline_parallel, experts_over, stage_layers)
    least = _as_described(weights, *arguments)
    shape = weights.architecture
    is_said = shape is None or bool(shape.unquantized_modules or shape.quant_groups)
    if weights.shape_from is None or quantization not in _FLOAT_FOUR_BIT or at_load or is_said:
        return least
    form = _least_quantized(weights)
    most, whole = _as_described(form, *arguments), _as_described(form, quantization)
    if least is None or most is None or whole is None or (at_most is not None and whole.estimate > at_most):
        return least
    return Sized(least.low, most.estimate, most.high)


def _least_quantized(weights: WeightsDescription) -> WeightsDescription:
    """The least that makers of four-bit floats quantize: no attention, and half of the layers that keep a state.

    Qwen3.8-27B in NVFP4 took 21.3 GiB (unsloth) and 24.0 GiB (Inferact) on two RTX 5090, where all matrices in NVFP4
    would be 18.5 and this is 24.4 (vllm-project/recipes#810). AWQ and GPTQ cover all matrices by their very formats.
    """
    shape = weights.architecture
    if shape is None:
        return weights
    states = (f"layers.{number}.linear_attn" for number in range(0, shape.num_hidden_layers or 0, 2))
    kept = (*shape.unquantized_modules, "self_attn", *states)
    return dataclasses.replace(weights, architecture=dataclasses.replace(shape, unquantized_modules=kept))


def _as_described(
    weights: WeightsDescription,
    quantization: str,
    at_load: bool = False,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    experts_over: int | None = None,
    stage_layers: int | None = None,
) -> Sized | None:
    if weights.format == "ctranslate2":
        return _in_ctranslate2(weights, quantization)
    shape = weights.architecture
    if shape is not None and weights.task in _POOLING:  # the head is not loaded, as if it were tied
        shape = dataclasses.replace(shape, tie_word_embeddings=True)
    mine = parameters_per_gpu(shape, tensor_parallel, experts_over) if shape is not None else None
    whole = parameters_per_gpu(shape) if shape is not None else None
    if shape is None or mine is None or whole is None:
        total, share = _without_shape(weights, quantization, at_load=at_load)
        return None if total is None else within(total / tensor_parallel / pipeline_parallel, share)
    each = bytes_per_parameter(quantization, weights, at_load=at_load)
    if weights.bytes_by_dtype and not at_load:
        surplus = _surplus(shape, whole, sum(weights.parameters_by_dtype.values())) * _SIXTEEN_BIT
        # Replicated parameters count on each GPU; the ratio of this GPU's count to the whole accounts for them.
        total = (_converted(weights, quantization) - surplus) * mine.checkpoint / whole.checkpoint
        share = _EXACT
    else:
        plain = BYTES_PER_PARAMETER["FP32"] if quantization == "FP32" else _SIXTEEN_BIT
        known = _loaded(weights, shape, whole)
        # A known total wins over the structure's sum; what the structure misses is usually a matrix.
        matrices = whole.linear + whole.packed + whole.eight
        scale = 1.0 if known is None or not matrices else max(known - whole.plain, 0.0) / matrices
        four = "NVFP4" if shape.quant_groups else "MXFP4"
        packed = min(each, BYTES_PER_PARAMETER[four]) * mine.packed
        eight = BYTES_PER_PARAMETER["FP8"] * mine.eight
        total = (mine.linear * each + packed + eight) * scale + mine.plain * plain
        share = (_QUANTIZED if each < _SIXTEEN_BIT else _FROM_SHAPE) + (
            _UNCONFIRMED if weights.verified is False else 0
        )
        share += _UNKNOWN_FAMILY if known is None and not is_known(shape) else 0
    stage = _largest_stage(shape, pipeline_parallel)
    if stage_layers is not None:
        stage = stage_layers / (shape.num_hidden_layers or stage_layers)
    ends = embedding_parameters(shape) / tensor_parallel * _SIXTEEN_BIT
    heads = 1 if shape.tie_word_embeddings else 2
    layers = (total + mine.absorbed * _SIXTEEN_BIT - heads * ends) * stage
    size = within(layers + (heads * ends if pipeline_parallel == 1 else ends) + _rotary(shape), share)
    size = Sized(size.low - _ALLOCATOR, size.estimate, size.high + _ALLOCATOR)
    padding = int(mine.padding * each * stage)
    return Sized(size.low, size.estimate + padding, size.high + padding)


def _in_ctranslate2(weights: WeightsDescription, quantization: str) -> Sized | None:
    """As it holds them: embeddings too are quantized, convolutions, norms and scales are in 32 bits."""
    count = _count(weights) or (weights.size_bytes if weights.quantization == "INT8" else None)
    if count is None:
        return None
    each = _CT2_INT8 if quantization == "INT8" else BYTES_PER_PARAMETER["FP32"]
    return within(count * each, _CT2_SHARE)


def _largest_stage(shape: Architecture, stages: int) -> float:
    layers = shape.num_hidden_layers or stages
    return -(-layers // stages) / layers


def bytes_per_parameter(quantization: str, weights: WeightsDescription, *, at_load: bool = False) -> float:
    """Bytes per parameter of a quantized matrix, given the group size of its files. Does not cover GGUF."""
    shape = weights.architecture
    if quantization == "INT4" and at_load:  # only bitsandbytes quantizes to 4 bits at load time
        return _NF4_AT_LOAD_BYTES
    if weights.format == "bitsandbytes" and quantization == "INT4":
        return _NF4_BYTES
    group = shape.quant_group_size if shape is not None else None
    if quantization in {"INT4", "INT8"} and group:
        bits = 4 if quantization == "INT4" else 8
        zeros = shape is None or shape.details.get("quant_zeros") is not False
        return bits / 8 + 2 / group + (bits / 8 / group if zeros else 0)
    return BYTES_PER_PARAMETER.get(quantization, _SIXTEEN_BIT)


def _without_shape(weights: WeightsDescription, quantization: str, *, at_load: bool) -> tuple[float | None, float]:
    """Total bytes and their relative error."""
    if weights.bytes_by_dtype and not at_load:
        return _converted(weights, quantization), _EXACT
    if weights.size_bytes is not None and not at_load:
        return float(weights.size_bytes), _EXACT
    count = _count(weights)
    return (None if count is None else count * bytes_per_parameter(quantization, weights)), _FROM_COUNT


def _converted(weights: WeightsDescription, quantization: str) -> float:
    """Bytes of the files, with floats converted to the compute dtype.

    Next to quantized weights they keep their type: they are scales and routers.
    """
    factors: dict[str, float] = {}
    if quantization == "FP32":
        factors = {"BF16": 2.0, "F16": 2.0}
    elif quantization in {"BF16", "FP16"}:
        factors = {"F32": 0.5}
    return sum(size * factors.get(dtype, 1.0) for dtype, size in weights.bytes_by_dtype.items())


def _count(weights: WeightsDescription) -> int | None:
    """Parameters in the files, where a count can be trusted: with packed integers, headers count too few."""
    shape = weights.architecture
    if shape is not None and shape.total_parameters:
        return shape.total_parameters
    if weights.parameters_by_dtype and not any(dtype.startswith(("I", "U")) for dtype in weights.parameters_by_dtype):
        return sum(weights.parameters_by_dtype.values())
    return None


def _loaded(weights: WeightsDescription, shape: Architecture, whole: Parameters) -> float | None:
    """Parameters that are loaded from the files."""
    count = _count(weights)
    if count is None:
        return None
    packed = (weights.quantization or "").upper() in _PACKED or shape.quant_bits == 4  # noqa: PLR2004  four bits
    if count < whole.checkpoint * _PACKED_COUNT and (packed or is_known(shape)):
        return None
    return count - _surplus(shape, whole, count)


def _surplus(shape: Architecture, whole: Parameters, count: float) -> float:
    """Parameters that files hold and no backend loads: a head that is tied to the embeddings and stored once more,
    and layers that only speculation uses.
    """
    embedding, beyond = embedding_parameters(shape), count - whole.checkpoint
    if shape.tie_word_embeddings and abs(beyond - embedding) <= embedding * 0.1:
        return embedding
    heads = shape.sizes.get("speculative_layers", 0)
    layer = whole.checkpoint / (shape.num_hidden_layers or 1)
    most = heads * (1.5 * layer + 2 * embedding)
    return beyond if 0 < beyond <= most else 0.0


def _rotary(shape: Architecture) -> float:
    """Rotary embedding tables, whole on each GPU: one 16-bit row of the head size per position.

    One table for all layers with the same base; a second where sliding-window layers use another base than global ones.
    """
    positions, heads = shape.max_position_embeddings, shape.num_attention_heads
    if not positions or not heads or shape.family.learned_positions:
        return 0.0
    facts = shape.details
    head = shape.qk_rope_head_dim or shape.head_dim or (shape.hidden_size or 0) // heads
    width = head * (facts.get("partial_rotary_factor") or 1)
    width += (shape.family.rotary_bases - 1) * (facts.get("global_head_dim") or head)
    return float(positions * width * _SIXTEEN_BIT)


def parameter_count(weights: WeightsDescription) -> int | None:
    """Parameters as counted, else as derived from the shape."""
    made = parameters_per_gpu(weights.architecture) if weights.architecture is not None else None
    if weights.architecture is not None and made is not None:
        loaded = _loaded(weights, weights.architecture, made)
        return int(made.checkpoint if loaded is None else loaded)
    return _count(weights)
