"""The one reader of a stranger's `config.json`: every value has the kind and the size that a config can have.

What does not is left out, as if the file did not say it: formulas then ask for a figure that is not there, which they
all are made for, instead of computing with a list, with infinity or with 10**30 layers. Pure.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from modelscan.hubs.families import shipped_families
from modelscan.parsing.text import clean
from modelscan.weights.families.keys import ConfigKeys

_DEEPEST = 8
_MOST_VALUES = 50_000
_LONGEST_LIST = 4_096
# The largest published figures are some hundred layers, some hundred experts, a vocabulary of 262,144 and ten million
# positions (Llama 4 Scout); loops go over layers and experts.
_LAYERS, _EXPERTS, _SIZE, _POSITIONS, _PARAMETERS, _ANY = 4_096, 65_536, 2**24, 2**31, 10**15, 10**15

_MAPPINGS = frozenset({
    *("audio_config", "linear_attn_config", "rope_scaling", "rope_parameters", "sparse_attention_config", "attention"),
    *("quantization_config", "compression_config", "auto_map", "config_groups", "weights", "quantized_layers", "ffn"),
})  # fmt: skip
_TEXTS = frozenset({
    *("model_type", "dtype", "torch_dtype", "quant_method", "hidden_act", "mlp_hidden_act", "mamba_ssm_dtype"),
    *("mamba_ssm_cache_dtype", "expert_dtype", "format", "quant_algo"),
})  # fmt: skip
_FLAGS = frozenset({
    *("attention_bias", "attn_output_gate", "attention_k_eq_v", "use_double_wide_mlp", "mla_use_output_gate"),
    *("block_auto_adjust_ff_dim", "multi_query", "new_decoder_architecture", "no_op", "replace_with_linear"),
})  # fmt: skip
_LISTS_OF_NUMBERS = frozenset({
    *("mlp_only_layers", "cross_attention_layers", "compress_ratios", "kda_layers", "full_attn_layers"),
    *("no_rope_layers", "intermediate_sizes"),
})  # fmt: skip
_LISTS_OF_TEXTS = frozenset({"architectures", "mlp_layer_types", "indexer_types"})
_LISTS_OF_MAPPINGS = frozenset({"block_configs"})
# Numbers that formulas read by their own name, beside the sizes that `catalogs/families.toml` spells.
_NUMBERS = frozenset({
    *("decoder_layers", "encoder_layers", "decoder_attention_heads", "encoder_attention_heads", "encoder_ffn_dim"),
    *("q_lora_rank", "kv_lora_rank", "qk_nope_head_dim", "qk_rope_head_dim", "v_head_dim", "o_lora_rank", "o_groups"),
    *("linear_num_value_heads", "linear_num_key_heads", "linear_key_head_dim", "linear_value_head_dim"),
    *("linear_conv_kernel_dim", "full_attention_interval", "conv_L_cache", "index_head_dim", "index_n_heads"),
    *("index_topk", "num_global_key_value_heads", "global_head_dim", "num_kv_shared_layers", "hc_mult", "laurel_rank"),
    *("hidden_size_per_layer_input", "max_source_positions", "num_mel_bins", "vision_parameters", "mlp_matrices"),
    *("expert_layer_period", "expert_layer_offset", "attn_layer_period", "attn_layer_offset", "moe_layer_start_index"),
    *("moe_layer_end_index", "vocab_size_per_layer_input", "altup_num_inputs", "swa_num_key_value_heads"),
    *("partial_rotary_factor", "block_multiple_of", "block_ffn_dim_multiplier", "n_heads_in_group", "ffn_mult"),
    *("short_conv_kernel_size", "moe_layer_freq", "bits", "w_bit", "num_bits", "group_size", "q_group_size"),
    *("original_max_position_embeddings", "factor"),
})  # fmt: skip
_SIGNED = frozenset({"group_size", "q_group_size"})  # -1: one group for the whole row


def bounded_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with what is of the wrong kind or of an impossible size left out."""
    found = _Bounded(shipped_families().keys).mapping(config, 0)
    return found if found is not None else {}


class _Bounded:
    """Reads one document; what is `left` to read is bounded as a whole."""

    def __init__(self, keys: ConfigKeys) -> None:
        self.left, self.in_layers = _MOST_VALUES, True
        self.readers: dict[str, Callable[[Any, int], Any]] = {}
        for names, reader in (
            ((*keys.sections, *keys.parts, *keys.vision_sections), self.section),
            (_MAPPINGS, self.plain_section),
            ((*keys.tied, *_FLAGS), lambda value, _: value if isinstance(value, bool) else None),
            (_TEXTS, lambda value, _: clean(value) if isinstance(value, str) else None),
            ((*keys.attending_layers, *_LISTS_OF_NUMBERS), lambda value, _: _numbers(value, _SIZE)),
            ((*keys.layer_list, *_LISTS_OF_TEXTS), self.texts),
            (_LISTS_OF_MAPPINGS, self.sections),
        ):
            self.readers |= dict.fromkeys(names, reader)

    def mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any] | None:
        if depth > _DEEPEST:
            return None
        found: dict[str, Any] = {}
        for key, item in value.items():
            self.left -= 1
            if self.left < 0:
                break
            kept = self.value(str(key), item, depth)
            if kept is not None:
                found[clean(str(key))] = kept
        return _without_contradiction(found)

    def value(self, key: str, value: Any, depth: int) -> Any:
        """As it may be used; None where it may not."""
        limits = _limits()
        if key in limits:
            listed = self.in_layers and key in _per_layer() and isinstance(value, list)
            return _numbers(value, limits[key]) if listed else _number(value, limits[key], signed=key in _SIGNED)
        return self.readers.get(key, self.unknown)(value, depth)

    def section(self, value: Any, depth: int) -> dict[str, Any] | None:
        return self.mapping(value, depth + 1) if isinstance(value, Mapping) else None

    def plain_section(self, value: Any, depth: int) -> dict[str, Any] | None:
        """A section beside the language model, whose numbers are no layer's."""
        before, self.in_layers = self.in_layers, False
        found = self.section(value, depth)
        self.in_layers = before
        return found

    def texts(self, value: Any, _: int) -> list[str] | None:
        if not isinstance(value, list) or not 0 < len(value) <= _LONGEST_LIST:
            return None
        self.left -= len(value)
        return [clean(item) for item in value] if all(isinstance(item, str) for item in value) else None

    def sections(self, value: Any, depth: int) -> list[dict[str, Any]] | None:
        if not isinstance(value, list) or len(value) > _LONGEST_LIST:
            return None
        kept = [found for item in value if (found := self.section(item, depth)) is not None]
        return kept if len(kept) == len(value) else None

    def unknown(self, value: Any, depth: int) -> Any:
        """What no formula is known to read, bounded all the same."""
        if isinstance(value, Mapping):
            return self.mapping(value, depth + 1)
        if isinstance(value, list):
            if len(value) > _LONGEST_LIST or depth > _DEEPEST:
                return None
            self.left -= len(value)
            return [kept for item in value if (kept := self.unknown(item, depth + 1)) is not None]
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, bool) or value is None:
            return value
        return value if isinstance(value, int | float) and abs(value) <= _ANY else None  # not so of NaN


def _without_contradiction(section: dict[str, Any]) -> dict[str, Any]:
    """More heads than the layer is wide would make heads of no width."""
    keys = shipped_families().keys
    width = next((section[name] for name in keys.hidden_size if isinstance(section.get(name), int)), None)
    names = (*keys.heads, "decoder_attention_heads", "encoder_attention_heads")
    wrong = {
        name for name in names if width is not None and isinstance(section.get(name), int) and section[name] > width
    }
    return {name: value for name, value in section.items() if name not in wrong}


@functools.cache
def _limits() -> Mapping[str, float]:
    """The largest figure that each number can be."""
    families = shipped_families()
    keys = families.keys
    sizes = (
        *(
            keys.window,
            keys.window_pattern,
            keys.hidden_size,
            keys.heads,
            keys.kv_heads,
            keys.head_dim,
            keys.expert_size,
        ),
        *(
            keys.intermediate_size,
            keys.vocabulary,
            keys.experts_per_token,
            keys.shared_experts,
            keys.shared_expert_size,
        ),
        keys.layers_before_experts,
    )
    spelled = (*families.text.spelled, *families.vision.spelled, *families.audio.spelled)
    limits: dict[str, float] = dict.fromkeys((*(name for names in sizes for name in names), *_NUMBERS, *spelled), _SIZE)
    limits |= dict.fromkeys((*keys.positions, *keys.window, "original_max_position_embeddings"), _POSITIONS)
    limits |= dict.fromkeys(keys.experts, _EXPERTS)
    limits |= dict.fromkeys(
        (*keys.layers, "decoder_layers", "encoder_layers", "num_nextn_predict_layers", "mtp_num_hidden_layers"), _LAYERS
    )
    return limits | {"total_parameters": _PARAMETERS, "vision_parameters": _PARAMETERS}


@functools.cache
def _per_layer() -> frozenset[str]:
    """Numbers that some files give once for each layer; of them the reader of shapes takes the first."""
    keys = shipped_families().keys
    fields = (keys.window, keys.heads, keys.kv_heads, keys.head_dim, keys.intermediate_size, keys.experts)
    return frozenset({*(name for names in fields for name in names), *keys.experts_per_token, "moe_layer_freq"})


def _numbers(value: Any, largest: float) -> list[float] | None:
    if not isinstance(value, list) or not 0 < len(value) <= _LONGEST_LIST:
        return None
    found = [kept for item in value if (kept := _number(item, largest)) is not None]
    return found if len(found) == len(value) else None


def _number(value: Any, largest: float, *, signed: bool = False) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if (-1 if signed else 0) <= value <= largest else None
