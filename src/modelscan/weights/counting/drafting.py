"""The layers of a model's own that draft tokens (multi-token prediction): their weights, and the shape with them.

Each is one more layer of the model, behind a matrix that joins what the last layer saw with the embedding of the next
token; embeddings and head are the model's own (vLLM 0.33: v1/spec_decode/llm_base_proposer.py).
"""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.model import Architecture, WeightsDescription
from modelscan.weights.counting.bytes import bytes_per_parameter
from modelscan.weights.counting.sizes import Sized, within
from modelscan.weights.counting.tensors import embedding_parameters, parameters_per_gpu

_SIXTEEN_BIT = 2.0
_SHARE = 0.1
_NAMED = "mtp"  # how lists of what is not quantized call them; others call them by the numbers behind the last layer


def drafting_layers(shape: Architecture) -> int:
    """How many a model has; one where its config does not say, as backends then take it."""
    return shape.sizes.get("speculative_layers", 1)


def with_drafting(shape: Architecture) -> Architecture:
    """The shape with its drafting layers, which see the whole context."""
    layers = drafting_layers(shape)
    kinds = (*shape.layer_types, *["full"] * layers) if shape.layer_types else ()
    return dataclasses.replace(shape, num_hidden_layers=(shape.num_hidden_layers or 0) + layers, layer_types=kinds)


def drafting_bytes(
    weights: WeightsDescription,
    quantization: str,
    *,
    at_load: bool = False,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    experts_over: int | None = None,
) -> Sized:
    """On one GPU. Makers of 4-bit weights mostly leave these layers in 16 bits, as drafts of quantized ones miss."""
    shape = weights.architecture
    with_them = parameters_per_gpu(with_drafting(shape), tensor_parallel, experts_over) if shape is not None else None
    without = parameters_per_gpu(shape, tensor_parallel, experts_over) if shape is not None else None
    if shape is None or with_them is None or without is None:
        return Sized(0, 0, 0)
    count = with_them.checkpoint + with_them.absorbed - without.checkpoint - without.absorbed
    joint = 2 * (shape.hidden_size or 0) ** 2 * drafting_layers(shape) * _SIXTEEN_BIT
    if pipeline_parallel > 1:  # the last stage has no embeddings to share
        joint += embedding_parameters(shape) / tensor_parallel * _SIXTEEN_BIT
    small = bytes_per_parameter(quantization, weights, at_load=at_load)
    kept = small < 1 or _is_kept(shape)
    each = _SIXTEEN_BIT if kept else min(small, _SIXTEEN_BIT)
    size = within(count * each + joint, _SHARE)
    return Sized(int(min(count * small, size.low)), size.estimate, size.high)


def _is_kept(shape: Architecture) -> bool:
    numbers = range(shape.num_hidden_layers or 0, (shape.num_hidden_layers or 0) + drafting_layers(shape))
    named = (_NAMED, *(f"layers.{number}." for number in numbers))
    return any(name in f"{pattern}." for pattern in shape.unquantized_modules for name in named)
