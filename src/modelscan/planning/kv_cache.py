"""The KV cache: bytes of one request, and what a pool holds.

One token of one layer takes K and V of every KV head on this GPU, or MLA's one latent row, which is never divided.
Layers with a sliding window keep no more than the window; linear-attention layers keep a state
instead of tokens.
Source: vLLM 0.33, vllm/v1/kv_cache_interface.py and kv_cache_utils.py.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.model import Architecture

BLOCK_TOKENS = 16  # vLLM's default block; a request takes whole blocks
_BYTES = {"fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0, "float32": 4.0, "float": 4.0}
_ENCODERS = ("bert", "roberta", "xlm-roberta", "modernbert", "nomic_bert", "new", "mpnet", "distilbert")
_HEARD = 1500  # whisper: 30 seconds of speech, max_source_positions of all its sizes
_UNKNOWN_STATE_TOKENS = 4096


def element_bytes(kv_cache_dtype: str | None, dtype: str | None) -> float:
    """Bytes of one number in the cache: its own type, or that of the computation."""
    if kv_cache_dtype not in {None, "auto"}:
        return _BYTES.get(str(kv_cache_dtype), 2.0)
    return _BYTES.get(str(dtype), 2.0)


def token_bytes(shape: Architecture, tensor_parallel: int, number: float, kind: str = "full") -> float:
    """Bytes of one token in one attention layer on one GPU; `number` is the size of one number."""
    if shape.kv_lora_rank:
        return (shape.kv_lora_rank + (shape.qk_rope_head_dim or 0)) * number + _indexer_bytes(shape)
    heads = shape.num_attention_heads or 1
    kv_heads = shape.num_key_value_heads or heads
    head_size = shape.head_dim or (shape.hidden_size or 0) // heads
    if kind == "full" and shape.layer_types:  # gemma4: layers that see all have heads of their own
        kv_heads = shape.details.get("num_global_key_value_heads") or kv_heads
        head_size = shape.details.get("global_head_dim") or head_size
    return 2 * max(kv_heads / tensor_parallel, 1) * head_size * number


def _indexer_bytes(shape: Architecture) -> float:
    """DeepSeek-V3.2's indexer keeps a key of its own per token: FP8, with a 4-byte scale per 128."""
    size = shape.details.get("index_head_dim") or 0
    return size + size / 128 * 4


def request_bytes(
    shape: Architecture | None,
    context: int,
    *,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    number: float,
    step_tokens: int = 0,
) -> int:
    """Bytes of one request of the full context on one GPU. 0 for models that keep no cache (encoders).

    A layer with a window keeps it and the tokens of one prefill step (`step_tokens`), as vLLM reserves them.
    """
    if shape is None or not shape.num_hidden_layers or encodes_only(shape):
        return 0
    tokens = _blocks(context)
    total = 0.0
    for kind, layers in layer_kinds(shape).items():
        if kind == "linear":
            total += layers * state_bytes(shape, tensor_parallel)
        elif kind != "none":
            window = _blocks((shape.sliding_window or tokens) - 1 + step_tokens) + BLOCK_TOKENS
            kept = min(tokens, window) if kind == "sliding" else tokens
            total += layers * kept * token_bytes(shape, tensor_parallel, number, kind)
    if shape.num_encoder_layers:  # cross-attention keeps K and V of all that the encoder heard
        heard = _blocks(shape.details.get("max_source_positions") or _HEARD)
        total += shape.num_hidden_layers * heard * token_bytes(shape, tensor_parallel, number)
    return int(total / pipeline_parallel)


def encodes_only(shape: Architecture) -> bool:
    return (shape.model_type or "") in _ENCODERS


def state_bytes(shape: Architecture, tensor_parallel: int) -> float:
    """What one request keeps in one layer instead of tokens: the state, mostly 32-bit, and a short convolution.

    Gated delta rule (Qwen3-Next, 3.5, Kimi Linear): a matrix of key by value size per head. Mamba: heads by head size
    by state size. Where the config gives none of the sizes: as much as 4096 tokens of the layer.
    """
    facts = shape.details
    if heads := facts.get("linear_num_value_heads"):
        keys, values = facts.get("linear_key_head_dim") or 128, facts.get("linear_value_head_dim") or 128
        kernel = facts.get("linear_conv_kernel_dim") or 4
        width = 2 * (facts.get("linear_num_key_heads") or heads) * keys + heads * values
        return float(heads * keys * values * 4 + width * (kernel - 1) * 2) / tensor_parallel
    if state := facts.get("ssm_state_size") or facts.get("mamba_d_state"):
        heads, size = facts.get("mamba_num_heads"), facts.get("mamba_head_dim")
        inner = heads * size if heads and size else (facts.get("mamba_expand") or 2) * (shape.hidden_size or 0)
        kernel = facts.get("conv_kernel") or facts.get("mamba_d_conv") or 4
        groups = facts.get("n_groups") or facts.get("mamba_n_groups") or 1
        return float(inner * state * 4 + (inner + 2 * groups * state) * (kernel - 1) * 2) / tensor_parallel
    kimi = facts.get("linear_attn_config")
    if isinstance(kimi, Mapping) and kimi.get("num_heads") and kimi.get("head_dim"):
        width = kimi["num_heads"] * kimi["head_dim"]
        kernel = kimi.get("short_conv_kernel_size") or 4
        return float(width * kimi["head_dim"] * 4 + 3 * width * (kernel - 1) * 2) / tensor_parallel
    if kernel := facts.get("conv_L_cache"):
        return float((shape.hidden_size or 0) * kernel * 2) / tensor_parallel
    return _UNKNOWN_STATE_TOKENS * token_bytes(shape, tensor_parallel, 2.0)


def layer_kinds(shape: Architecture) -> dict[str, int]:
    """How many layers of each kind: `full`, `sliding`, `linear`, `none`."""
    if not shape.layer_types:
        return {"full": shape.num_hidden_layers or 0}
    kinds: dict[str, int] = {}
    for kind in shape.layer_types:
        for part in ("full", "linear") if kind == "both" else (kind,):
            kinds[part] = kinds.get(part, 0) + 1
    return kinds


def _blocks(tokens: int) -> int:
    return -(-tokens // BLOCK_TOKENS) * BLOCK_TOKENS
