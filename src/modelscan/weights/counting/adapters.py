"""What adapters can take at most where a backend keeps room for each matrix that one of them could change.

A matrix of `in` x `out` has two beside it for an adapter of rank r: r x in and out x r. Of those that are divided by
their outputs each GPU has the first whole, of those divided by their inputs the second (vLLM 0.32: lora/layers).
"""

from __future__ import annotations

from collections.abc import Collection

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture
from modelscan.weights.counting.experts import layers_with
from modelscan.weights.counting.kv_cache import layer_kinds


@dataclass(frozen=True, slots=True)
class AdapterNumbers:
    """On one GPU, for each unit of rank: of attention and dense layers, of experts, and of the head."""

    layers: float
    experts: float
    head: float


def adapter_numbers(
    shape: Architecture, *, tensor_parallel: int = 1, modules: Collection[str] | None = None
) -> AdapterNumbers | None:
    """Of all matrices, or of `modules` as PEFT names them; None where the shape is incomplete."""
    hidden, layers = shape.hidden_size, shape.num_hidden_layers
    if not hidden or not layers:
        return None
    heads = shape.num_attention_heads or max(1, hidden // 64)
    head_size = shape.head_dim or hidden // heads
    queries, tp = heads * head_size / tensor_parallel, tensor_parallel
    stored = max((shape.num_key_value_heads or heads) / tp, 1) * head_size
    attention = {
        "q_proj": hidden + queries,
        "k_proj": hidden + stored,
        "v_proj": hidden + stored,
        "o_proj": queries + hidden,
    }
    kinds = layers_with(shape, layer_kinds(shape))
    dense = _mlp(hidden, (shape.intermediate_size or 4 * hidden) / tp)
    expert = _mlp(hidden, (shape.moe_intermediate_size or shape.intermediate_size or 4 * hidden) / tp)
    return AdapterNumbers(
        layers=layers * _sum(attention, modules) + kinds.dense * _sum(dense, modules),
        experts=kinds.experts * (shape.num_experts or 0) * _sum(expert, modules),
        head=hidden + (shape.vocab_size or 0) / tp,
    )


def _mlp(hidden: int, inner: float) -> dict[str, float]:
    return dict.fromkeys(("gate_proj", "up_proj", "down_proj"), hidden + inner)


def _sum(matrices: dict[str, float], modules: Collection[str] | None) -> float:
    return sum(width for name, width in matrices.items() if modules is None or name in modules)
