"""The KV cache: bytes of one request, and what a pool holds.

One token of one layer takes K and V of every KV head on this GPU, or MLA's one latent row, which is never divided.
Layers with a sliding window keep no more than the window; linear-attention layers keep a state instead of tokens.
Source: vLLM 0.33, vllm/v1/kv_cache_interface.py and kv_cache_utils.py.
"""

from __future__ import annotations

from modelscan.model import Architecture

BLOCK_TOKENS = 16  # vLLM's default block; a request takes whole blocks
_BYTES = {"fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0, "float32": 4.0, "float": 4.0}
_ENCODERS = ("bert", "roberta", "xlm-roberta", "modernbert", "nomic_bert")


def element_bytes(kv_cache_dtype: str | None, dtype: str | None) -> float:
    """Bytes of one number in the cache: its own type, or that of the computation."""
    if kv_cache_dtype not in {None, "auto"}:
        return _BYTES.get(str(kv_cache_dtype), 2.0)
    return _BYTES.get(str(dtype), 2.0)


def token_bytes(shape: Architecture, tensor_parallel: int, number: float) -> float:
    """Bytes of one token in one full-attention layer on one GPU; `number` is the size of one number."""
    if shape.kv_lora_rank:
        return (shape.kv_lora_rank + (shape.qk_rope_head_dim or 0)) * number
    heads = shape.num_attention_heads or 1
    kv_heads = shape.num_key_value_heads or heads
    head_size = shape.head_dim or (shape.hidden_size or 0) // heads
    return 2 * max(kv_heads / tensor_parallel, 1) * head_size * number


def request_bytes(
    shape: Architecture | None, context: int, *, tensor_parallel: int = 1, pipeline_parallel: int = 1, number: float
) -> int:
    """Bytes of one request of the full context on one GPU. 0 for models that keep no cache (encoders)."""
    if shape is None or not shape.num_hidden_layers or (shape.model_type or "") in _ENCODERS:
        return 0
    one = token_bytes(shape, tensor_parallel, number)
    tokens = _blocks(context)
    total = 0.0
    for kind, layers in layer_kinds(shape).items():
        if kind == "linear":
            continue
        kept = min(tokens, _blocks(shape.sliding_window or tokens) + BLOCK_TOKENS) if kind == "sliding" else tokens
        total += layers * kept * one
    if shape.num_encoder_layers:  # cross-attention keeps K and V of what the encoder heard: at most as much again
        total *= 2
    return int(total / pipeline_parallel)


def layer_kinds(shape: Architecture) -> dict[str, int]:
    """How many layers of each kind: `full`, `sliding`, `linear`."""
    if not shape.layer_types:
        return {"full": shape.num_hidden_layers or 0}
    kinds: dict[str, int] = {}
    for kind in shape.layer_types:
        kinds[kind] = kinds.get(kind, 0) + 1
    return kinds


def _blocks(tokens: int) -> int:
    return -(-tokens // BLOCK_TOKENS) * BLOCK_TOKENS
