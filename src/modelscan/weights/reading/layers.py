"""Which layers attend to the whole context, to a window, or keep a state: one word per layer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelscan.model import Family
from modelscan.weights.families.table import Families

# Far above any real model: a damaged config must not exhaust memory.
_MOST_LAYERS = 10_000


def layer_types(config: Mapping[str, Any], layers: int | None, families: Families) -> tuple[str, ...]:
    """`full`, `sliding`, `linear`, `both` or `none` for each layer; `()` where all layers are alike or unknown."""
    found = _all_layers(config, layers, families)
    return found if len(set(found)) > 1 or not {"full", "sliding"}.issuperset(found) else ()


def _all_layers(config: Mapping[str, Any], layers: int | None, families: Families) -> tuple[str, ...]:
    blocks = config.get("block_configs")
    if isinstance(blocks, list) and blocks:  # Nemotron's Puzzle models: what architecture search left of each layer
        return tuple("none" if _left_out(block) else "full" for block in blocks)
    named = _first(config, families.keys.layer_list)
    if isinstance(named, list):
        return tuple(families.words.get(str(name), "full") for name in named)
    letters = config.get("hybrid_override_pattern")
    if isinstance(letters, str) and letters:
        return tuple(families.letters.get(letter, "full") for letter in letters)
    if not layers or not 0 < layers <= _MOST_LAYERS:
        return ()
    family = families.of(config.get("model_type"))
    if family.every_layer:
        return (family.every_layer,) * layers
    return _linear_pattern(config, layers, families) or _sliding_pattern(config, layers, family, families)


def _left_out(block: object) -> bool:
    attention = block.get("attention") if isinstance(block, Mapping) else None
    return isinstance(attention, Mapping) and bool(attention.get("no_op") or attention.get("replace_with_linear"))


def _linear_pattern(config: Mapping[str, Any], layers: int, families: Families) -> tuple[str, ...]:
    every = _positive(config.get("full_attention_interval"))
    if every and config.get("linear_num_value_heads"):
        # Qwen3-Next and 3.5: the last layer of every group is full.
        return tuple("linear" if (layer + 1) % every else "full" for layer in range(layers))
    period = _positive(config.get("attn_layer_period"))
    if period:
        offset = config.get("attn_layer_offset") or 0
        return tuple("full" if layer % period == offset else "linear" for layer in range(layers))
    attending = _first(config, families.keys.attending_layers)
    if isinstance(attending, list):
        return tuple("full" if layer in attending else "linear" for layer in range(layers))
    listed = config.get("attn_type_list")
    if isinstance(listed, list):
        # MiniMax-01: 0 is lightning attention, 1 softmax.
        return tuple("full" if kind else "linear" for kind in listed)
    delta = config.get("linear_attn_config")
    full = delta.get("full_attn_layers") if isinstance(delta, Mapping) else None
    if isinstance(full, list):
        # Kimi Linear numbers its layers from 1.
        return tuple("full" if layer + 1 in full else "linear" for layer in range(layers))
    return ()


def _sliding_pattern(config: Mapping[str, Any], layers: int, family: Family, families: Families) -> tuple[str, ...]:
    pattern = config.get("hybrid_layer_pattern")
    if isinstance(pattern, list) and len(pattern) == layers:
        # MiMo-V2: 1 is sliding.
        return tuple("sliding" if slides else "full" for slides in pattern)
    if config.get("attention_chunk_size") and config.get("no_rope_layer_interval", 4):
        # Llama 4: every fourth layer is global, the others attend to a chunk.
        every = _positive(config.get("no_rope_layer_interval")) or 4
    elif window_of(config, families) is None:
        return ()
    elif isinstance(config.get("max_window_layers"), int) and config.get("use_sliding_window"):
        first = config["max_window_layers"]
        return tuple("sliding" if layer >= first else "full" for layer in range(layers))
    else:
        pattern = _first(config, families.keys.window_pattern)
        every = (
            pattern.index("G") + 1
            if isinstance(pattern, str) and "G" in pattern
            else _positive(pattern) or family.full_every
        )
    return tuple("sliding" if (layer + 1) % every else "full" for layer in range(layers)) if every else ()


def window_of(config: Mapping[str, Any], families: Families) -> int | None:
    """The sliding window; None where the config has none or disables it."""
    if config.get("use_sliding_window") is False:
        return None
    for key in families.keys.window:
        window = _positive(config.get(key))
        if window:
            return window
    return None


def _first(config: Mapping[str, Any], keys: Sequence[str]) -> object:
    """The first of these keys with a value."""
    return next((config[key] for key in keys if config.get(key)), None)


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
