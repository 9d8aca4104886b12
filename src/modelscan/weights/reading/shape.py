"""The shape of a model from its `config.json`, whatever the keys are called. Pure.

Multimodal configs keep the language model in its own section: that is what is read, with the top level for missing
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan import dataclasses
from modelscan.model import Architecture, Family
from modelscan.weights.counting.mixtures import bits_of_scheme
from modelscan.weights.counting.tensors import schemes_of
from modelscan.weights.families.keys import ConfigKeys
from modelscan.weights.families.table import Families
from modelscan.weights.reading.layers import layer_types, window_of
from modelscan.weights.reading.quantization import Quantization, quantization_of, read_quantization, stored_dtype

__all__ = ["quantization_of", "read_architecture"]

# Keys that formulas use and that have one spelling; the sizes with several are in `catalogs/families.toml`.
_DETAILS = frozenset({
    "linear_num_value_heads", "linear_num_key_heads", "linear_key_head_dim", "linear_value_head_dim",
    "linear_conv_kernel_dim", "linear_attn_config", "attn_output_gate", "full_attention_interval", "conv_L_cache",
    "index_head_dim", "index_n_heads", "index_topk", "attention_k_eq_v", "num_global_key_value_heads",
    "global_head_dim", "num_kv_shared_layers", "hidden_size_per_layer_input", "cross_attention_layers",
    "moe_layer_freq", "mlp_only_layers", "attention_bias", "max_source_positions", "num_mel_bins", "vision_parameters",
    "mlp_matrices", "expert_layer_period", "expert_layer_offset", "audio_config", "rope_scaling", "rope_parameters",
    "partial_rotary_factor", "mamba_ssm_dtype", "mamba_ssm_cache_dtype", "hidden_act", "mlp_hidden_act",
    "mlp_layer_types", "moe_layer_start_index", "moe_layer_end_index", "use_double_wide_mlp",
    "vocab_size_per_layer_input", "laurel_rank", "altup_num_inputs", "swa_num_key_value_heads", "mla_use_output_gate",
    "use_bidirectional_attention", "sparse_attention_config", "expert_dtype", "o_lora_rank", "o_groups", "hc_mult",
    "compress_ratios", "indexer_types",
})  # fmt: skip


def read_architecture(config: Mapping[str, Any], families: Families) -> Architecture:
    """The architecture that a `config.json` describes; what is missing is None."""
    keys, family = families.keys, families.of(config.get("model_type"))
    text = _text_part(config, keys)
    encoder_decoder = config.get("decoder_layers") is not None and config.get("encoder_layers") is not None
    layers = _int(text, "decoder_layers") if encoder_decoder else _int(text, *keys.layers)
    if layers and keys.layers[0] not in text:
        layers *= family.layers_in_one
    kinds = layer_types(text, layers, families)
    hidden = _int(text, *keys.hidden_size)
    heads = _int(text, "decoder_attention_heads", *keys.heads) if encoder_decoder else _int(text, *keys.heads)
    experts = _int(text, *keys.experts)
    quantization = read_quantization(config)
    model_type = _str(config.get("model_type")) or _str(text.get("model_type"))
    vision = next((found for name in keys.vision_sections if (found := _section(config, name))), {})
    details = _details(text, family, quantization, families)
    shape = Architecture(
        architectures=_names(config.get("architectures")),
        model_type=model_type,
        num_hidden_layers=layers or len(kinds) or None,
        hidden_size=hidden,
        intermediate_size=_intermediate(text, keys),
        num_attention_heads=heads,
        num_key_value_heads=_key_value_heads(text, heads, keys),
        head_dim=_head_dim(text, hidden, heads, keys),
        vocab_size=_int(text, *keys.vocabulary),
        max_position_embeddings=_int(text, *keys.positions),
        tie_word_embeddings=_tied(config, text, families),
        dtype=stored_dtype(config),
        sliding_window=window_of(text, families),
        layer_types=kinds,
        num_experts=experts if experts and experts > 1 else None,
        num_experts_per_token=_int(text, *keys.experts_per_token),
        moe_intermediate_size=_expert_size(text, experts, keys),
        num_shared_experts=_shared_experts(text, families),
        shared_expert_intermediate_size=_int(text, *keys.shared_expert_size),
        first_dense_layers=_first_dense(text, keys) if experts else None,
        q_lora_rank=_int(text, "q_lora_rank"),
        kv_lora_rank=_int(text, "kv_lora_rank"),
        qk_nope_head_dim=_int(text, "qk_nope_head_dim"),
        qk_rope_head_dim=_int(text, "qk_rope_head_dim"),
        v_head_dim=_int(text, "v_head_dim"),
        num_encoder_layers=_int(text, "encoder_layers"),
        vision=vision,
        quant_method=quantization.method,
        quant_bits=quantization.bits,
        quant_group_size=quantization.group_size,
        unquantized_modules=quantization.unquantized_modules,
        quant_groups=quantization.groups,
        total_parameters=_int(config, "total_parameters"),
        details=details,
        **families.known(model_type, vision, details),
    )
    mixed = schemes_of(shape)
    return dataclasses.replace(shape, quant_bits=bits_of_scheme(mixed[0])) if mixed else shape


def _details(text: Mapping[str, Any], family: Family, quantization: Quantization, families: Families) -> dict[str, Any]:
    """Values that formulas use besides the shape itself. The file takes precedence over its family's defaults."""
    return (
        _global_attention(text, family, families.keys)
        | _widths(text, families.keys)
        | ({} if quantization.zeros is None else {"quant_zeros": quantization.zeros})
        | ({} if quantization.inputs is None else {"quant_inputs": quantization.inputs})
        | {
            key: value
            for key, value in text.items()
            if value is not None and (key in _DETAILS or key in families.text.spelled)
        }
    )


def _global_attention(text: Mapping[str, Any], family: Family, keys: ConfigKeys) -> dict[str, Any]:
    """Heads of global layers, where the file omits them. Small models have too few KV heads to share them."""
    heads = _int(text, *keys.kv_heads) or 0
    if not family.global_kv_share or heads < family.global_kv_share:
        return {}
    return {
        "global_head_dim": family.global_head_dim,
        "num_global_key_value_heads": heads // family.global_kv_share,
        "attention_k_eq_v": family.keys_are_values,
    }


def _intermediate(text: Mapping[str, Any], keys: ConfigKeys) -> int | None:
    """Where a multiple is given, it is two thirds of the given size, rounded up to that multiple (LFM2)."""
    named, multiple = _int(text, *keys.intermediate_size), _int(text, "block_multiple_of")
    if not named or not multiple or text.get("block_auto_adjust_ff_dim") is False:
        return named
    size = int(int(2 * named / 3) * (text.get("block_ffn_dim_multiplier") or 1))
    return -(-size // multiple) * multiple


def _widths(text: Mapping[str, Any], keys: ConfigKeys) -> dict[str, Any]:
    """Per-layer MLP sizes from `block_configs`: multiples of two thirds of the hidden size."""
    blocks, hidden = text.get("block_configs"), _int(text, *keys.hidden_size) or 0
    if not isinstance(blocks, list):
        return {}
    parts = [block.get("ffn") if isinstance(block, Mapping) else None for block in blocks]
    return {"intermediate_sizes": [_width(part, hidden) if isinstance(part, Mapping) else 0 for part in parts]}


def _width(part: Mapping[str, Any], hidden: int) -> int:
    if part.get("no_op"):
        return 0
    if part.get("replace_with_linear"):
        return hidden // 3  # one square matrix instead of three MLP matrices
    size = int(2 * (part.get("ffn_mult") or 0) * hidden / 3)
    return -(-size // 256) * 256 or int(part.get("intermediate_size") or 0)


def _text_part(config: Mapping[str, Any], keys: ConfigKeys) -> dict[str, Any]:
    """The language model's section merged over the top level, at any depth (a thinker has a text_config)."""
    for key in keys.sections:
        section = config.get(key)
        if isinstance(section, Mapping):
            whole = {name: config[name] for name in keys.of_the_whole if config.get(name) is not None}
            top = {name: value for name, value in config.items() if not isinstance(value, Mapping)}
            return _text_part({**top, **section, **whole}, keys)
    parts = [config[name] for name in keys.parts if isinstance(config.get(name), Mapping)]
    return {name: value for part in (*parts, config) for name, value in part.items()}


def _key_value_heads(text: Mapping[str, Any], heads: int | None, keys: ConfigKeys) -> int | None:
    if text.get("multi_query") is True and not text.get("new_decoder_architecture"):
        return 1
    blocks = text.get("block_configs")
    for block in blocks if isinstance(blocks, list) else ():  # in the first layer with attention
        shared = block.get("attention", {}).get("n_heads_in_group") if isinstance(block, Mapping) else None
        if shared and heads:
            return heads // int(shared)
    return _int(text, *keys.kv_heads) or heads


def _head_dim(text: Mapping[str, Any], hidden: int | None, heads: int | None, keys: ConfigKeys) -> int | None:
    named = _int(text, *keys.head_dim)
    parts = _int(text, "qk_nope_head_dim"), _int(text, "qk_rope_head_dim")
    if named is None and parts[0] and parts[1]:
        return parts[0] + parts[1]
    return named or (hidden // heads if hidden and heads else None)


def _tied(config: Mapping[str, Any], text: Mapping[str, Any], families: Families) -> bool | None:
    for part in (config, text):
        for name in families.keys.tied:
            if isinstance(part.get(name), bool):
                return bool(part[name])
    usual = {families.of(part.get("model_type")).tied for part in (config, text)}
    return True if True in usual else False if False in usual else None


def _expert_size(text: Mapping[str, Any], experts: int | None, keys: ConfigKeys) -> int | None:
    """Some configs use the dense MLP's key for the expert size (Mixtral, gpt-oss, Llama 4)."""
    if not experts or experts < 2:  # noqa: PLR2004  one expert is a dense model
        return None
    return _int(text, *keys.expert_size, *keys.intermediate_size)


def _shared_experts(text: Mapping[str, Any], families: Families) -> int | None:
    """One, where only the size is given."""
    named = _int(text, *families.keys.shared_experts)
    if named is None and _int(text, *families.keys.shared_expert_size):
        return 1
    return families.of(text.get("model_type")).shared_experts or None if named is None else named


def _first_dense(text: Mapping[str, Any], keys: ConfigKeys) -> int | None:
    """The number of layers before the first with experts."""
    named = _int(text, *keys.layers_before_experts)
    frequency, dense = text.get("moe_layer_freq"), text.get("mlp_only_layers")
    if named is None and isinstance(frequency, list):
        return frequency.index(1) if 1 in frequency else len(frequency)
    if named is None and isinstance(dense, list):
        return next(layer for layer in range(len(dense) + 1) if layer not in dense)
    return named


def _section(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    if isinstance(found, Mapping):
        return dict(found)
    thinker = config.get("thinker_config")
    return _section(thinker, name) if isinstance(thinker, Mapping) else {}


def _int(part: Mapping[str, Any], *names: str) -> int | None:
    """The first of `names` with an integer; for a list (one value per layer), its first entry."""
    for name in names:
        value = part.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _names(value: object) -> tuple[str, ...]:
    return tuple(name for name in value if isinstance(name, str)) if isinstance(value, list) else ()


def _str(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
