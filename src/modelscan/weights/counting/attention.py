"""Parameters of one layer that mixes tokens: attention, MLA, or a state in place of attention.

The split over GPUs follows vLLM 0.33: column- and row-parallel linears divide, KV heads are replicated where there are
fewer of them than GPUs, and MLA's down-projections stay whole on every GPU.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture
from modelscan.weights.counting.kv_cache import FINE
from modelscan.weights.counting.states import state_parameters


@dataclass(frozen=True, slots=True)
class Mixer:
    """Counts of one layer on one GPU. `absorbed` is MLA's second copy of its up-projection, created at load time."""

    divided: float
    replicated: float = 0.0
    absorbed: float = 0.0


def mixer(shape: Architecture, kind: str, tensor_parallel: int) -> Mixer:
    """One layer of a kind: `full`, `sliding`, `linear`, or `none` (zero parameters)."""
    if kind == "none":
        return Mixer(0.0)
    if kind == "linear":
        state = state_parameters(shape)  # without sizes, estimate it as attention
        return Mixer((_attention(shape, "sliding", 1).divided if state is None else state) / tensor_parallel)
    if shape.details.get("o_lora_rank"):
        return _compressed(shape, tensor_parallel)
    return _latent(shape, tensor_parallel) if shape.kv_lora_rank else _attention(shape, kind, tensor_parallel)


def _attention(shape: Architecture, kind: str, tensor_parallel: int) -> Mixer:
    facts, hidden = shape.details, shape.hidden_size or 0
    heads = shape.num_attention_heads or max(1, hidden // 64)
    kv_heads = shape.num_key_value_heads or heads
    head_size = shape.head_dim or hidden // heads
    values = 2
    if kind == "full" and shape.layer_types:  # gemma4: global layers have their own heads, and K doubles as V
        kv_heads = facts.get("num_global_key_value_heads") or kv_heads
        head_size = facts.get("global_head_dim") or head_size
        values = 1 if facts.get("attention_k_eq_v") else 2
    if kind == "sliding":
        kv_heads = facts.get("swa_num_key_value_heads") or kv_heads
    value_size = shape.v_head_dim or head_size  # MiMo-V2: values are narrower than keys
    gated = facts.get("attn_output_gate") or shape.family.gated_output
    query = hidden * heads * (head_size * (2 if gated else 1) + value_size) / tensor_parallel
    stored = head_size + value_size if values > 1 else head_size
    sparse = facts.get("sparse_attention_config")  # MiniMax-M3 selects blocks with separate queries and one key
    if isinstance(sparse, Mapping):
        index = (sparse.get("sparse_index_dim") or 0) * ((sparse.get("sparse_num_index_heads") or 0) + 1)
        return Mixer(query + hidden * max(kv_heads / tensor_parallel, 1) * stored, hidden * index)
    return Mixer(query + hidden * max(kv_heads / tensor_parallel, 1) * stored)


def _compressed(shape: Architecture, tensor_parallel: int) -> Mixer:
    """DeepSeek-V4: low-rank queries and outputs, one KV head, compressors over 4 or 128 tokens (the finer ones with an
    indexer), and mixing of residual streams. The mean over all layers.
    """
    facts, hidden, rank = shape.details, shape.hidden_size or 0, shape.q_lora_rank or 0
    heads, size = shape.num_attention_heads or 1, shape.head_dim or 0
    output, groups, streams = facts["o_lora_rank"], facts.get("o_groups") or 1, facts.get("hc_mult") or 1
    divided = heads * size * (rank + output) + groups * output * hidden
    whole = hidden * (rank + size) + 2 * streams * hidden * (2 * streams + streams * streams)
    layers = shape.num_hidden_layers or 1
    ratios = list(facts.get("compress_ratios") or ())[:layers]
    fine, coarse = sum(0 < ratio <= FINE for ratio in ratios), sum(ratio > FINE for ratio in ratios)
    index, index_heads = facts.get("index_head_dim") or 0, facts.get("index_n_heads") or 0
    indexer = 4 * index * hidden + rank * index_heads * index + hidden * index_heads
    return Mixer(
        divided / tensor_parallel, whole + (fine * (4 * size * hidden + indexer) + coarse * 2 * size * hidden) / layers
    )


def _latent(shape: Architecture, tensor_parallel: int) -> Mixer:
    """DeepSeek's MLA, plus V3.2's indexer where present."""
    facts, hidden = shape.details, shape.hidden_size or 0
    heads = shape.num_attention_heads or max(1, hidden // 64)
    nope, rope = shape.qk_nope_head_dim or 128, shape.qk_rope_head_dim or 64
    value, rank = shape.v_head_dim or nope, shape.kv_lora_rank or 0
    inner = shape.q_lora_rank or hidden
    up = rank * heads * (nope + value) / tensor_parallel
    down = float(hidden * (rank + rope) + hidden * (shape.q_lora_rank or 0))
    index, index_heads = facts.get("index_head_dim") or 0, facts.get("index_n_heads") or 0
    kinds = facts.get("indexer_types")  # GLM-5.2: most layers reuse another layer's selection
    share = kinds.count("full") / len(kinds) if isinstance(kinds, list) and kinds else 1.0
    down += share * (index * (inner * index_heads + hidden) + hidden * index_heads)
    gated = 2 if facts.get("mla_use_output_gate") else 1
    divided = inner * heads * (nope + rope) / tensor_parallel + up + gated * heads * value * hidden / tensor_parallel
    return Mixer(divided, down, up)
