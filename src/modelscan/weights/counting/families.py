"""Whose structure is known here: families that were summed and compared with the model that is built of them."""

from __future__ import annotations

from modelscan.model import Architecture

# Compared with transformers' classes or the headers of the files (`benchmarks/data/families.jsonl`), or with every
# total in the shipped shapes. Others are summed as a plain decoder with what their config names, and trusted less.
KNOWN_FAMILIES = frozenset({
    "apertus", "arcee", "aya_vision", "bailing_moe", "bamba", "bert", "bloom", "cohere", "cohere2", "dbrx",
    "deepseek_ref", "deepseek_v2", "deepseek_v3", "deepseek_v32", "deepseek_v4", "distilbert", "dots1", "ernie4_5",
    "ernie4_5_moe", "exaone", "exaone4", "falcon", "falcon_h1", "falcon_mamba", "gemma", "gemma2", "gemma3",
    "gemma3n", "gemma4", "glm", "glm4", "glm4_moe", "glm4_moe_lite", "glm4v", "glm4v_moe", "glm_moe_dsa", "gpt2",
    "gpt_bigcode", "gpt_neox", "gpt_oss", "granite", "granitemoe", "granitemoehybrid", "hunyuan_v1_dense",
    "hunyuan_v1_moe", "idefics3", "internlm2", "internlm3", "internvl", "internvl_chat", "jamba", "kimi_k2",
    "kimi_k25", "kimi_k3", "kimi_linear", "lfm2", "lfm2_moe", "lfm2_vl", "llama", "llama4", "llava", "longcat_flash",
    "mamba", "mamba2", "mimo", "mimo_v2", "mimo_v2_flash", "minicpm", "minicpm3", "minicpmv", "minimax", "minimax_m1",
    "minimax_m2", "minimax_m3", "minimax_m3_vl", "ministral3", "mistral", "mistral3", "mixtral", "mllama",
    "modernbert", "nemotron", "nemotron-nas", "nemotron_h", "new", "nomic_bert", "olmo2", "olmo3", "olmoe", "opt",
    "paligemma", "phi", "phi3", "phimoe", "pixtral", "qwen2", "qwen2_5_vl", "qwen2_audio", "qwen2_moe", "qwen2_vl",
    "qwen3", "qwen3_5", "qwen3_5_moe", "qwen3_moe", "qwen3_next", "qwen3_vl", "qwen3_vl_moe", "roberta", "seed_oss",
    "smollm3", "smolvlm", "stablelm", "starcoder2", "step3p7", "voxtral", "whisper", "xlm-roberta",
})  # fmt: skip


def is_known(shape: Architecture) -> bool:
    """Whether the parts of this family's layers are known; where no family is named, none is in doubt."""
    return shape.model_type is None or shape.model_type.removesuffix("_text") in KNOWN_FAMILIES
