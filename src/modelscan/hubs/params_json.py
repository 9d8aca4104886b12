"""Mistral's own form: `params.json` as the `config.json` that it stands for. Pure.

Names as vLLM maps them (0.32, transformers_utils/configs/mistral.py, `adapt_config_dict`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PARAMS = "params.json"
INDEX = "consolidated.safetensors.index.json"
_NAMES = {
    "dim": "hidden_size",
    "n_layers": "num_hidden_layers",
    "n_heads": "num_attention_heads",
    "n_kv_heads": "num_key_value_heads",
    "hidden_dim": "intermediate_size",
    "norm_eps": "rms_norm_eps",
    "tied_embeddings": "tie_word_embeddings",
    "model_max_length": "max_position_embeddings",
    "max_seq_len": "max_position_embeddings",
}
_EXPERTS = {
    "num_experts": "num_local_experts",
    "num_experts_per_tok": "num_experts_per_tok",
    "expert_hidden_dim": "moe_intermediate_size",
    "num_shared_experts": "n_shared_experts",
    "first_k_dense_replace": "first_k_dense_replace",
}
# The first key that is there decides: it, the type, the class.
_CLASSES: tuple[tuple[str | None, str, str], ...] = (
    ("vision_encoder", "pixtral", "PixtralForConditionalGeneration"),
    ("kv_lora_rank", "deepseek_v3", "MistralLarge3ForCausalLM"),
    ("moe", "mixtral", "MixtralForCausalLM"),
    (None, "mistral", "MistralForCausalLM"),
)
_LONGEST = 128_000  # vLLM's own default for a file that does not say


def config_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """A config with the same meaning."""
    found: dict[str, Any] = {_NAMES.get(key, key): value for key, value in params.items()}
    experts = params.get("moe")
    if isinstance(experts, Mapping):
        found |= {name: experts[key] for key, name in _EXPERTS.items() if key in experts}
    kind, name = next(rest for key, *rest in _CLASSES if key in params or key is None)
    found.setdefault("max_position_embeddings", _LONGEST)
    found |= {"model_type": kind, "architectures": [name], "dtype": params.get("dtype") or "bfloat16"}
    return found | _quantization(params.get("quantization"))


def _quantization(section: object) -> dict[str, Any]:
    if not isinstance(section, Mapping):
        return {}
    if "fp8" in str(section.get("qformat_weight")):
        return {"quantization_config": {"quant_method": "fp8", "activation_scheme": "static"}}
    return {"quantization_config": {"quant_method": "compressed-tensors", **section}}
