"""Which layers look at the whole context, at a window, or keep a state instead: one word per layer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "full_attention": "full", "attention": "full", "global": "full", "full": "full", "hybrid": "full",
    "sliding_attention": "sliding", "local": "sliding", "sliding_window": "sliding", "chunked_attention": "sliding",
    "compressed_sparse_attention": "full", "heavily_compressed_attention": "full",
    "linear_attention": "linear", "mamba": "linear", "mamba2": "linear", "conv": "linear", "recurrent": "linear",
    "gated_delta_net": "linear", "moe": "none", "mlp": "none",
}  # fmt: skip
# No model has so many; a damaged config must not cost memory.
_MOST_LAYERS = 10_000
# The letters of Nemotron-H's `hybrid_override_pattern`: Mamba, attention, MLP, experts.
# Every layer keeps a state, or has one beside its attention.
_STATES = {"mamba": "linear", "mamba2": "linear", "falcon_mamba": "linear", "falcon_h1": "both", "hymba": "both"}
_LETTERS = {"M": "linear", "*": "full", "-": "none", "E": "none"}
# Model types whose config leaves the alternation to code (transformers 4.57, the classes named so): every n-th layer
# is full, the others slide. For gemma2 the second of each pair.
_SLIDING_PERIODS = {
    "gemma2": 2, "gemma3": 6, "gemma3_text": 6, "cohere2": 4, "olmo3": 4, "gpt_oss": 2, "gemma4": 6, "gemma4_text": 6,
    "exaone4": 4,
}  # fmt: skip


def layer_types(config: Mapping[str, Any], layers: int | None) -> tuple[str, ...]:
    """`full`, `sliding`, `linear`, `both` or `none` for each layer; `()` where all attend alike, or unknown."""
    found = _all_layers(config, layers)
    return found if len(set(found)) > 1 or not {"full", "sliding"}.issuperset(found) else ()


def _all_layers(config: Mapping[str, Any], layers: int | None) -> tuple[str, ...]:
    blocks = config.get("block_configs")
    if isinstance(blocks, list) and blocks:  # Nemotron's puzzle models: what a search left of each layer
        return tuple("none" if _left_out(block) else "full" for block in blocks)
    named = config.get("layer_types") or config.get("layers_block_type")
    if isinstance(named, list) and named:
        return tuple(_WORDS.get(str(name), "full") for name in named)
    letters = config.get("hybrid_override_pattern")
    if isinstance(letters, str) and letters:
        return tuple(_LETTERS.get(letter, "full") for letter in letters)
    if not layers or not 0 < layers <= _MOST_LAYERS:
        return ()
    if word := _STATES.get(str(config.get("model_type"))):
        return (word,) * layers
    return _linear_pattern(config, layers) or _sliding_pattern(config, layers)


def _left_out(block: object) -> bool:
    attention = block.get("attention") if isinstance(block, Mapping) else None
    return isinstance(attention, Mapping) and bool(attention.get("no_op") or attention.get("replace_with_linear"))


def _linear_pattern(config: Mapping[str, Any], layers: int) -> tuple[str, ...]:
    every = _positive(config.get("full_attention_interval"))
    if every and config.get("linear_num_value_heads"):
        # Qwen3-Next and 3.5: the last of every group is full.
        return tuple("linear" if (layer + 1) % every else "full" for layer in range(layers))
    period = _positive(config.get("attn_layer_period"))
    if period:
        offset = config.get("attn_layer_offset") or 0
        return tuple("full" if layer % period == offset else "linear" for layer in range(layers))
    attending = config.get("full_attn_idxs") or config.get("attn_layer_indices")
    if isinstance(attending, list):
        # LFM2, Bamba.
        return tuple("full" if layer in attending else "linear" for layer in range(layers))
    listed = config.get("attn_type_list")
    if isinstance(listed, list):
        # MiniMax-01: 0 is lightning attention, 1 softmax.
        return tuple("full" if kind else "linear" for kind in listed)
    kimi = config.get("linear_attn_config")
    full = kimi.get("full_attn_layers") if isinstance(kimi, Mapping) else None
    if isinstance(full, list):
        # Kimi Linear counts its layers from 1.
        return tuple("full" if layer + 1 in full else "linear" for layer in range(layers))
    return ()


def _sliding_pattern(config: Mapping[str, Any], layers: int) -> tuple[str, ...]:
    pattern = config.get("hybrid_layer_pattern")
    if isinstance(pattern, list) and len(pattern) == layers:
        # MiMo-V2: 1 slides.
        return tuple("sliding" if slides else "full" for slides in pattern)
    if config.get("attention_chunk_size") and config.get("no_rope_layer_interval", 4):
        # Llama 4: every fourth layer sees all, the others a chunk.
        every = _positive(config.get("no_rope_layer_interval")) or 4
    elif window_of(config) is None:
        return ()
    elif isinstance(config.get("max_window_layers"), int) and config.get("use_sliding_window"):
        first = config["max_window_layers"]
        return tuple("sliding" if layer >= first else "full" for layer in range(layers))
    else:
        pattern = config.get("sliding_window_pattern") or config.get("_sliding_window_pattern")
        every = (
            pattern.index("G") + 1
            if isinstance(pattern, str) and "G" in pattern
            else _positive(pattern) or _SLIDING_PERIODS.get(str(config.get("model_type")), 0)
        )
    return tuple("sliding" if (layer + 1) % every else "full" for layer in range(layers)) if every else ()


def window_of(config: Mapping[str, Any]) -> int | None:
    """The window of the layers that slide; None where the config has none or turns it off."""
    if config.get("use_sliding_window") is False:
        return None
    for key in ("sliding_window", "sliding_window_size", "attention_chunk_size"):
        window = _positive(config.get(key))
        if window:
            return window
    return None


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
