"""The shape of a model from its `config.json`, whatever the family calls things. Pure.

Multimodal configs keep the language model in a section of its own: it is the one that is read, with the top level
for what the section leaves out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.model import Architecture
from modelscan.weights.reading.layers import layer_types, window_of
from modelscan.weights.reading.quantization import quantization_of, read_quantization, stored_dtype

__all__ = ["quantization_of", "read_architecture"]

_TEXT_SECTIONS = ("text_config", "llm_config", "language_config", "thinker_config", "language_model_config")
_PARTS = ("attn_config", "ffn_config")  # DBRX keeps its sizes in them
# What belongs to the whole model when the language model's section says otherwise or nothing.
_OF_THE_WHOLE = ("architectures", "quantization_config", "vision_config", "audio_config", "tie_word_embeddings")
# Families that leave `tie_word_embeddings` out of the file when it has their class's default (transformers 4.57).
_TIED = frozenset({
    "gemma", "gemma2", "gemma3", "gemma3_text", "gemma3n", "gemma4", "gemma4_text", "cohere", "cohere2", "starcoder2",
    "gpt2", "opt", "bloom", "falcon", "whisper", "bert", "roberta", "xlm-roberta", "modernbert", "t5", "lfm2",
})  # fmt: skip
_UNTIED = frozenset({
    "llama", "mistral", "mixtral", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe", "phi3", "deepseek_v2", "deepseek_v3",
    "glm4_moe", "gpt_oss", "olmo2", "olmo3", "internlm2", "minimax_m2",
})  # fmt: skip
_LAYERS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")
_DOUBLE = ("longcat",)  # two of attention and MLP in what the config calls a layer
_HIDDEN = ("hidden_size", "d_model", "n_embd", "dim")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads")
_KV_HEADS = ("num_key_value_heads", "multi_query_group_num", "num_kv_heads", "n_kv_heads", "n_head_kv", "kv_n_heads")
_INTERMEDIATE = ("intermediate_size", "ffn_hidden_size", "ffn_dim", "n_inner", "hidden_dim", "block_ff_dim")
_POSITIONS = ("max_position_embeddings", "n_positions", "max_target_positions", "seq_length", "n_ctx",
              "max_sequence_length", "max_seq_len", "model_max_length")  # fmt: skip
_EXPERTS = ("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts", "num_routed_experts")
_PER_TOKEN = ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_top_k", "top_k_experts", "moe_k")
_SHARED_SIZE = ("shared_expert_intermediate_size", "moe_shared_expert_intermediate_size", "shared_intermediate_size")
_EXPERT_SIZE = ("moe_intermediate_size", "expert_intermediate_size", "moe_ffn_hidden_size", "expert_ffn_hidden_size")
_DETAILS = (
    "linear_num_value_heads", "linear_num_key_heads", "linear_key_head_dim", "linear_value_head_dim",
    "linear_conv_kernel_dim", "linear_attn_config", "attn_output_gate", "full_attention_interval", "mamba_num_heads",
    "mamba_head_dim", "ssm_state_size", "mamba_d_state", "mamba_d_conv", "mamba_expand", "mamba_n_groups",
    "mamba_dt_rank", "n_groups", "conv_kernel", "conv_L_cache", "moe_latent_size", "index_head_dim", "index_n_heads",
    "index_topk", "num_nextn_predict_layers", "mtp_num_hidden_layers", "attention_k_eq_v",
    "num_global_key_value_heads", "global_head_dim", "num_kv_shared_layers", "hidden_size_per_layer_input",
    "cross_attention_layers", "decoder_sparse_step", "interleave_moe_layer_step", "intermediate_size_mlp",
    "dense_intermediate_size", "moe_layer_freq", "mlp_only_layers", "attention_bias", "max_source_positions",
    "num_mel_bins", "vision_parameters", "mlp_matrices", "expert_layer_period", "expert_layer_offset", "audio_config",
    "rope_scaling", "rope_parameters", "partial_rotary_factor", "state_size", "expand", "time_step_rank",
    "mamba_n_heads", "mamba_d_head", "mamba_d_ssm", "mamba_headdim", "mamba_ngroups", "n_mamba_heads",
    "mamba_ssm_dtype", "mamba_ssm_cache_dtype", "hidden_act", "mlp_hidden_act", "mlp_layer_types",
    "moe_layer_interval", "moe_layer_start_index", "moe_layer_end_index", "routed_expert_hidden_size",
    "use_double_wide_mlp", "vocab_size_per_layer_input", "laurel_rank", "altup_num_inputs", "swa_num_key_value_heads",
    "mla_use_output_gate", "use_bidirectional_attention", "sparse_attention_config", "expert_dtype", "o_lora_rank",
    "o_groups", "hc_mult", "compress_ratios", "indexer_types", "spatial_merge_size", "downsample_factor",
    "scale_factor", "projector_hidden_size", "alignment_intermediate_size",
)  # fmt: skip


def read_architecture(config: Mapping[str, Any]) -> Architecture:
    """The architecture that a `config.json` describes; what it does not say is None."""
    text = _text_part(config)
    encoder_decoder = config.get("decoder_layers") is not None and config.get("encoder_layers") is not None
    layers = _int(text, "decoder_layers") if encoder_decoder else _int(text, *_LAYERS)
    if layers and str(config.get("model_type")).startswith(_DOUBLE) and "num_hidden_layers" not in text:
        layers *= 2
    kinds = layer_types(text, layers)
    hidden = _int(text, *_HIDDEN)
    heads = _int(text, "decoder_attention_heads", *_HEADS) if encoder_decoder else _int(text, *_HEADS)
    experts = _int(text, *_EXPERTS)
    kv_lora = _int(text, "kv_lora_rank")
    quantization = read_quantization(config)
    return Architecture(
        architectures=_names(config.get("architectures")),
        model_type=_str(config.get("model_type")) or _str(text.get("model_type")),
        num_hidden_layers=layers or len(kinds) or None,
        hidden_size=hidden,
        intermediate_size=_intermediate(text),
        num_attention_heads=heads,
        num_key_value_heads=_key_value_heads(text, heads),
        head_dim=_head_dim(text, hidden, heads),
        vocab_size=_int(text, "vocab_size", "padded_vocab_size"),
        max_position_embeddings=_int(text, *_POSITIONS),
        tie_word_embeddings=_tied(config, text),
        dtype=stored_dtype(config),
        sliding_window=window_of(text),
        layer_types=kinds,
        num_experts=experts if experts and experts > 1 else None,
        num_experts_per_token=_int(text, *_PER_TOKEN),
        moe_intermediate_size=_expert_size(text, experts),
        num_shared_experts=_shared_experts(text),
        shared_expert_intermediate_size=_int(text, *_SHARED_SIZE),
        first_dense_layers=_first_dense(text) if experts else None,
        q_lora_rank=_int(text, "q_lora_rank"),
        kv_lora_rank=kv_lora,
        qk_nope_head_dim=_int(text, "qk_nope_head_dim"),
        qk_rope_head_dim=_int(text, "qk_rope_head_dim"),
        v_head_dim=_int(text, "v_head_dim"),
        num_encoder_layers=_int(text, "encoder_layers"),
        vision=_section(config, "vision_config") or _section(config, "visual"),
        quant_method=quantization.method,
        quant_bits=quantization.bits,
        quant_group_size=quantization.group_size,
        unquantized_modules=quantization.unquantized_modules,
        total_parameters=_int(config, "total_parameters"),
        details=_gemma4(config, text)
        | _widths(text)
        | ({} if quantization.zeros is None else {"quant_zeros": quantization.zeros})
        | {key: text[key] for key in _DETAILS if text.get(key) is not None},
    )


def _gemma4(config: Mapping[str, Any], text: Mapping[str, Any]) -> dict[str, Any]:
    """What is true of its large models where a file leaves it out: layers that see all have a quarter of the KV heads,
    of 512 (SGLang's K cache of the 31B: 20,480 bytes per token over two GPUs).
    """
    heads = _int(text, *_KV_HEADS) or 0
    if not str(config.get("model_type")).startswith("gemma4") or heads < 4:  # noqa: PLR2004  four make one
        return {}
    return {"global_head_dim": 512, "num_global_key_value_heads": heads // 4, "attention_k_eq_v": True}


def _intermediate(text: Mapping[str, Any]) -> int | None:
    """LFM2 names a size of which two thirds count, rounded up."""
    named, multiple = _int(text, "decoder_ffn_dim", *_INTERMEDIATE), _int(text, "block_multiple_of")
    if not named or not multiple or text.get("block_auto_adjust_ff_dim") is False:
        return named
    size = int(int(2 * named / 3) * (text.get("block_ffn_dim_multiplier") or 1))
    return -(-size // multiple) * multiple


def _widths(text: Mapping[str, Any]) -> dict[str, Any]:
    """The MLP's size of each layer where `block_configs` has them: multiples of two thirds of the hidden size."""
    blocks, hidden = text.get("block_configs"), _int(text, *_HIDDEN) or 0
    if not isinstance(blocks, list):
        return {}
    parts = [block.get("ffn") if isinstance(block, Mapping) else None for block in blocks]
    return {"intermediate_sizes": [_width(part, hidden) if isinstance(part, Mapping) else 0 for part in parts]}


def _width(part: Mapping[str, Any], hidden: int) -> int:
    if part.get("no_op"):
        return 0
    if part.get("replace_with_linear"):
        return hidden // 3  # one square, where an MLP has three matrices
    size = int(2 * (part.get("ffn_mult") or 0) * hidden / 3)
    return -(-size // 256) * 256 or int(part.get("intermediate_size") or 0)


def _text_part(config: Mapping[str, Any]) -> dict[str, Any]:
    """The language model's section over the top level, found at any depth (a thinker holds a text_config)."""
    for key in _TEXT_SECTIONS:
        section = config.get(key)
        if isinstance(section, Mapping):
            whole = {name: config[name] for name in _OF_THE_WHOLE if config.get(name) is not None}
            top = {name: value for name, value in config.items() if not isinstance(value, Mapping)}
            return _text_part({**top, **section, **whole})
    parts = [config[name] for name in _PARTS if isinstance(config.get(name), Mapping)]
    return {name: value for part in (*parts, config) for name, value in part.items()}


def _key_value_heads(text: Mapping[str, Any], heads: int | None) -> int | None:
    if text.get("multi_query") is True and not text.get("new_decoder_architecture"):
        return 1
    blocks = text.get("block_configs")
    for block in blocks if isinstance(blocks, list) else ():  # heads that share one, in the first layer that attends
        shared = block.get("attention", {}).get("n_heads_in_group") if isinstance(block, Mapping) else None
        if shared and heads:
            return heads // int(shared)
    return _int(text, *_KV_HEADS) or heads


def _head_dim(text: Mapping[str, Any], hidden: int | None, heads: int | None) -> int | None:
    named = _int(text, "head_dim", "kv_channels", "attention_head_dim")
    parts = _int(text, "qk_nope_head_dim"), _int(text, "qk_rope_head_dim")
    if named is None and parts[0] and parts[1]:
        return parts[0] + parts[1]
    return named or (hidden // heads if hidden and heads else None)


def _tied(config: Mapping[str, Any], text: Mapping[str, Any]) -> bool | None:
    for part in (config, text):
        for name in ("tie_word_embeddings", "tie_embedding"):
            if isinstance(part.get(name), bool):
                return bool(part[name])
    kinds = {_str(config.get("model_type")), _str(text.get("model_type"))}
    return True if kinds & _TIED else False if kinds & _UNTIED else None


def _expert_size(text: Mapping[str, Any], experts: int | None) -> int | None:
    """Mixtral, gpt-oss and Llama 4 call an expert's size `intermediate_size`."""
    if not experts or experts < 2:  # noqa: PLR2004  one expert is a dense model
        return None
    return _int(text, *_EXPERT_SIZE, *_INTERMEDIATE)


def _shared_experts(text: Mapping[str, Any]) -> int | None:
    named = _int(text, "n_shared_experts", "num_shared_experts", "num_shared_expert", "moe_num_shared_experts")
    if named is None and (_int(text, *_SHARED_SIZE) or str(text.get("model_type")).startswith("llama4")):
        return 1
    return named


def _first_dense(text: Mapping[str, Any]) -> int | None:
    """How many layers stand before the first with experts."""
    named = _int(text, "first_k_dense_replace", "num_dense_layers")
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
    """The first of `names` that is a whole number; of a list (one value per layer), its first."""
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
