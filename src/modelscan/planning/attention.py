"""Parameters of one layer that mixes tokens: attention, MLA, or a state that takes the place of attention.

How they are split over GPUs is vLLM 0.33's: column and row parallel linears divide, KV heads are replicated where
there are fewer than GPUs, MLA's down-projections stay whole on every GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from modelscan.model import Architecture

_GATED_OUTPUT = ("qwen3_next", "qwen3_5")  # families whose query projection also makes a gate for the output


@dataclass(frozen=True, slots=True)
class Mixer:
    """Counts of one layer on one GPU. `absorbed` is MLA's second copy of its up-projection, made while loading."""

    divided: float
    replicated: float = 0.0
    absorbed: float = 0.0


def mixer(shape: Architecture, kind: str, tensor_parallel: int) -> Mixer:
    """One layer of a kind: `full`, `sliding`, `linear`, or `none`, which has none."""
    if kind == "none":
        return Mixer(0.0)
    if kind == "linear":
        return Mixer(_state_parameters(shape) / tensor_parallel)
    return _latent(shape, tensor_parallel) if shape.kv_lora_rank else _attention(shape, kind, tensor_parallel)


def _attention(shape: Architecture, kind: str, tensor_parallel: int) -> Mixer:
    facts, hidden = shape.details, shape.hidden_size or 0
    heads = shape.num_attention_heads or max(1, hidden // 64)
    kv_heads = shape.num_key_value_heads or heads
    head_size = shape.head_dim or hidden // heads
    values = 2
    if kind == "full" and shape.layer_types:  # gemma4: layers that see all have heads of their own, and K serves as V
        kv_heads = facts.get("num_global_key_value_heads") or kv_heads
        head_size = facts.get("global_head_dim") or head_size
        values = 1 if facts.get("attention_k_eq_v") else 2
    gated = facts.get("attn_output_gate") or (shape.model_type or "").startswith(_GATED_OUTPUT)
    query = hidden * heads * head_size * (3 if gated else 2) / tensor_parallel
    return Mixer(query + values * hidden * max(kv_heads / tensor_parallel, 1) * head_size)


def _latent(shape: Architecture, tensor_parallel: int) -> Mixer:
    """DeepSeek's MLA, with the indexer of V3.2 where there is one."""
    facts, hidden = shape.details, shape.hidden_size or 0
    heads = shape.num_attention_heads or max(1, hidden // 64)
    nope, rope = shape.qk_nope_head_dim or 128, shape.qk_rope_head_dim or 64
    value, rank = shape.v_head_dim or nope, shape.kv_lora_rank or 0
    inner = shape.q_lora_rank or hidden
    up = rank * heads * (nope + value) / tensor_parallel
    down = hidden * (rank + rope) + (hidden * shape.q_lora_rank if shape.q_lora_rank else 0)
    index = facts.get("index_head_dim") or 0
    down += index * (inner * (facts.get("index_n_heads") or 0) + hidden)
    divided = inner * heads * (nope + rope) / tensor_parallel + up + heads * value * hidden / tensor_parallel
    return Mixer(divided, down, up)


def _state_parameters(shape: Architecture) -> float:
    """Gated delta rule, Kimi's variant of it, Mamba, a short convolution; where no size is given, as an attention."""
    facts, hidden = shape.details, shape.hidden_size or 0
    if heads := facts.get("linear_num_value_heads"):
        keys = (facts.get("linear_num_key_heads") or heads) * (facts.get("linear_key_head_dim") or 128)
        values = heads * (facts.get("linear_value_head_dim") or 128)
        return float(hidden * (2 * keys + 2 * values + 2 * heads) + values * hidden)
    kimi = facts.get("linear_attn_config")
    if isinstance(kimi, Mapping) and kimi.get("num_heads") and kimi.get("head_dim"):
        width = kimi["num_heads"] * kimi["head_dim"]
        gate = hidden * width if kimi.get("use_full_rank_gate") else (hidden + width) * kimi["head_dim"]
        return float(4 * hidden * width + gate + (hidden + width) * kimi["head_dim"])
    if state := facts.get("ssm_state_size") or facts.get("mamba_d_state"):
        heads, size = facts.get("mamba_num_heads"), facts.get("mamba_head_dim")
        inner = heads * size if heads and size else (facts.get("mamba_expand") or 2) * hidden
        groups = facts.get("n_groups") or facts.get("mamba_n_groups") or 1
        return float(hidden * (2 * inner + 2 * groups * state + (heads or 0)) + inner * hidden)
    if facts.get("conv_L_cache"):
        return float(4 * hidden * hidden)
    return _attention(shape, "sliding", 1).divided
