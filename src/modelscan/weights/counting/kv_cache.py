"""The KV cache: bytes of one request, and what a pool holds.

One token of one layer takes K and V of every KV head on this GPU, or MLA's single latent row, which is never divided.
Sliding-window layers keep at most the window; linear-attention layers keep a state instead of tokens.
Source: vLLM 0.33, vllm/v1/kv_cache_interface.py and kv_cache_utils.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from modelscan.model import Architecture
from modelscan.weights.counting.states import state_space

BLOCK_TOKENS = 16  # vLLM's default block size; a request takes whole blocks
# What `--kv-cache-dtype` stores (vLLM 0.33: v1/kv_cache_interface.py, KVQuantMode). A scale of each head of a token: 32
# bits for the 128 values that most heads have; NVFP4 has a byte for 16.
_SCALE = 4 / 128
_BYTES = {
    "fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0, "fp8_inc": 1.0, "float32": 4.0, "float": 4.0,
    "int8_per_token_head": 1.0 + _SCALE, "fp8_per_token_head": 1.0 + _SCALE, "int4_per_token_head": 0.5 + _SCALE,
    "nvfp4": 0.5 + 1 / 16,
}  # fmt: skip
# DeepSeek-V4's row: 448 bytes of FP8, 64 rotary values, scales (vLLM 0.32, models/deepseek_v4/attention.py).
_PACKED_ROW = 584.0
FINE = 16  # compressors of at most this many tokens have two overlapping windows and an indexer
_HEARD = 1500  # whisper: 30 seconds of speech, max_source_positions of all its sizes
_UNKNOWN_STATE_TOKENS = 4096


def element_bytes(kv_cache_dtype: str | None, dtype: str | None) -> float:
    """Bytes per cached value: its own dtype, else the compute dtype."""
    if kv_cache_dtype not in {None, "auto"}:
        return _BYTES.get(str(kv_cache_dtype), 2.0)
    return _BYTES.get(str(dtype), 2.0)


def token_bytes(shape: Architecture, tensor_parallel: int, number: float, kind: str = "full") -> float:
    """Bytes of one token in one attention layer on one GPU; `number` is the size of one value."""
    if ratios := shape.details.get("compress_ratios"):
        return _compressed_bytes(shape, ratios) if kind == "full" else _PACKED_ROW
    if shape.kv_lora_rank:
        return (shape.kv_lora_rank + (shape.qk_rope_head_dim or 0)) * number + _indexer_bytes(shape)
    heads = shape.num_attention_heads or 1
    kv_heads = shape.num_key_value_heads or heads
    head_size = shape.head_dim or (shape.hidden_size or 0) // heads
    values = shape.v_head_dim or head_size  # MiMo-V2: narrower than keys; sliding layers have more heads
    if kind == "sliding":
        kv_heads = shape.details.get("swa_num_key_value_heads") or kv_heads
    elif kind == "full" and shape.layer_types:  # gemma4: global layers have their own heads
        kv_heads = shape.details.get("num_global_key_value_heads") or kv_heads
        if wide := shape.details.get("global_head_dim"):
            head_size = values = wide
    return max(kv_heads / tensor_parallel, 1) * (head_size + values) * number


def _compressed_bytes(shape: Architecture, ratios: Sequence[int]) -> float:
    """DeepSeek-V4: a row per 4 or 128 tokens, plus the indexer's for the finer ones; the mean of those layers."""
    layers = [ratio for ratio in ratios[: shape.num_hidden_layers] if ratio > 1]
    index = _indexer_bytes(shape)
    return sum((_PACKED_ROW + (index if ratio <= FINE else 0)) / ratio for ratio in layers) / max(len(layers), 1)


def _indexer_bytes(shape: Architecture) -> float:
    """DeepSeek-V3.2's indexer keeps its own key per token: FP8, with a 4-byte scale per 128."""
    size, kinds = shape.details.get("index_head_dim") or 0, shape.details.get("indexer_types")
    share = kinds.count("full") / len(kinds) if isinstance(kinds, list) and kinds else 1.0
    return float(share * (size + size / 128 * 4))


def request_bytes(
    shape: Architecture | None,
    context: int,
    *,
    tensor_parallel: int = 1,
    pipeline_parallel: float = 1,
    number: float,
    step_tokens: int = 0,
) -> int:
    """Bytes of one full-context request on one GPU. 0 for models without a cache (encoders).

    A sliding-window layer keeps the window plus the tokens of one prefill step (`step_tokens`), as vLLM reserves them.
    """
    if shape is None or not shape.num_hidden_layers or encodes_only(shape):
        return 0
    tokens = _blocks(context)
    total = 0.0
    for kind, layers in cached_kinds(shape).items():
        if kind == "linear":
            total += layers * state_bytes(shape, tensor_parallel)
        else:
            window = _blocks((shape.sliding_window or tokens) - 1 + step_tokens) + BLOCK_TOKENS
            kept = min(tokens, window) if kind == "sliding" else tokens
            total += layers * kept * token_bytes(shape, tensor_parallel, number, kind)
    if shape.num_encoder_layers:  # cross-attention caches K and V of the encoder's whole output
        heard = _blocks(heard_tokens(shape))
        total += shape.num_hidden_layers * heard * token_bytes(shape, tensor_parallel, number)
    return int(total / pipeline_parallel)


def heard_tokens(shape: Architecture) -> int:
    """Encoder positions that cross-attention caches; 0 without an encoder."""
    return int(shape.details.get("max_source_positions") or _HEARD) if shape.num_encoder_layers else 0


def encodes_only(shape: Architecture) -> bool:
    """Whether it has no KV cache: an encoder, or a decoder turned bidirectional (embeddinggemma)."""
    return shape.family.encoder or shape.details.get("use_bidirectional_attention") is True


def state_bytes(shape: Architecture, tensor_parallel: int, drafted: int = 0) -> float:
    """What one request keeps in one layer instead of tokens: a state and a short convolution.

    Gated delta rule (Qwen3-Next, 3.5, Kimi Linear): a matrix of key by value size per head. Mamba: heads by head size
    by state size. Lightning attention: a square per head. Where the config gives no
    sizes: as much as 4096 tokens. The convolution also keeps the `drafted` tokens of a step. Source: vLLM 0.32,
    model_executor/layers/mamba/mamba_utils.py, MambaStateShapeCalculator.
    """
    facts, number = shape.details, _state_number(shape)
    if heads := facts.get("linear_num_value_heads"):
        keys, values = facts.get("linear_key_head_dim") or 128, facts.get("linear_value_head_dim") or 128
        kernel = facts.get("linear_conv_kernel_dim") or 4
        width = 2 * (facts.get("linear_num_key_heads") or heads) * keys + heads * values
        return float(heads * keys * values * number + width * (kernel - 1 + drafted) * 2) / tensor_parallel
    if space := state_space(shape):
        groups = space.groups  # each GPU has at least one
        groups += tensor_parallel - groups if groups % tensor_parallel else 0
        mixed = space.inner + (2 * groups * space.state if space.heads else 0)
        return float(space.inner * space.state * number + mixed * (space.kernel - 1 + drafted) * 2) / tensor_parallel
    delta = facts.get("linear_attn_config")
    if isinstance(delta, Mapping) and delta.get("num_heads") and delta.get("head_dim"):
        width = delta["num_heads"] * delta["head_dim"]
        kernel = delta.get("short_conv_kernel_size") or 4
        return float(width * delta["head_dim"] * number + 3 * width * (kernel - 1 + drafted) * 2) / tensor_parallel
    if kernel := facts.get("conv_L_cache"):
        return float((shape.hidden_size or 0) * (kernel - 1 + drafted) * 2) / tensor_parallel
    if shape.family.state == "lightning":
        return float((shape.num_attention_heads or 1) * (shape.head_dim or 0) ** 2 * number) / tensor_parallel
    return _UNKNOWN_STATE_TOKENS * token_bytes(shape, tensor_parallel, 2.0)


def _state_number(shape: Architecture) -> float:
    """Bytes per state value: most families keep their state in the compute dtype."""
    named = shape.details.get("mamba_ssm_cache_dtype") or shape.details.get("mamba_ssm_dtype")
    return _BYTES.get(str(named or shape.family.state_dtype), 2.0)


def layer_kinds(shape: Architecture) -> dict[str, int]:
    """The number of layers of each kind: `full`, `sliding`, `linear`, `none`."""
    return dict(_counted(shape.layer_types)) if shape.layer_types else {"full": shape.num_hidden_layers or 0}


def cached_kinds(shape: Architecture) -> dict[str, int]:
    """The layers with a cache of their own: the last layers of gemma 3n and small gemma 4 read another layer's."""
    shared = shape.details.get("num_kv_shared_layers") or 0
    kinds = dict(_counted(shape.layer_types[: len(shape.layer_types) - shared])) if shared else layer_kinds(shape)
    if ratios := shape.details.get("compress_ratios"):  # every layer has a window; most also have compressed rows
        layers = shape.num_hidden_layers or 0
        kinds = {"full": sum(ratio > 1 for ratio in ratios[:layers]), "sliding": layers}
    return {kind: layers for kind, layers in kinds.items() if kind != "none" and layers}


@lru_cache(maxsize=256)  # a plan asks it of one shape hundreds of times
def _counted(layers: tuple[str, ...]) -> Mapping[str, int]:
    kinds: dict[str, int] = {}
    for kind in layers:
        for part in ("full", "linear") if kind == "both" else (kind,):
            kinds[part] = kinds.get(part, 0) + 1
    return kinds


def _blocks(tokens: int) -> int:
    return -(-tokens // BLOCK_TOKENS) * BLOCK_TOKENS
