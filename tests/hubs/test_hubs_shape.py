"""The shape of a model from configs as the families write them, and the word for its quantization."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.hubs.families import shipped_families
from modelscan.model import Architecture
from modelscan.weights.reading.quantization import quantization_of, read_quantization
from modelscan.weights.reading.shape import read_architecture
from modelscan.weights.reading.tasks import task_of

FAMILIES = shipped_families()
LLAMA = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096,
    "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
    "max_position_embeddings": 131072, "tie_word_embeddings": False, "torch_dtype": "bfloat16",
    "rope_scaling": {"factor": 8.0, "rope_type": "llama3"},
}  # fmt: skip


def test_a_plain_decoder() -> None:
    assert read_architecture(LLAMA, FAMILIES) == Architecture(
        architectures=("LlamaForCausalLM",), model_type="llama", num_hidden_layers=32, hidden_size=4096,
        intermediate_size=14336, num_attention_heads=32, num_key_value_heads=8, head_dim=128, vocab_size=128256,
        max_position_embeddings=131072, tie_word_embeddings=False, dtype="bfloat16",
        details={"rope_scaling": {"factor": 8.0, "rope_type": "llama3"}}, family=FAMILIES.of("llama"),
    )  # fmt: skip


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing", {}, {"num_hidden_layers": None, "head_dim": None, "dtype": None, "layer_types": ()}),
    ("every head its own KV head", {"num_attention_heads": 12, "hidden_size": 768}, {"num_key_value_heads": 12, "head_dim": 64}),
    ("gpt2's names", {"n_layer": 12, "n_embd": 768, "n_head": 12, "n_positions": 1024, "model_type": "gpt2"},
     {"num_hidden_layers": 12, "hidden_size": 768, "max_position_embeddings": 1024, "tie_word_embeddings": True}),
    ("chatglm's names", {"num_layers": 28, "hidden_size": 4096, "num_attention_heads": 32, "kv_channels": 128,
                         "multi_query_group_num": 2, "ffn_hidden_size": 13696, "padded_vocab_size": 65024, "seq_length": 8192},
     {"num_hidden_layers": 28, "num_key_value_heads": 2, "head_dim": 128, "intermediate_size": 13696, "vocab_size": 65024,
      "max_position_embeddings": 8192}),
    ("falcon's one KV head", {"multi_query": True, "num_attention_heads": 71}, {"num_key_value_heads": 1}),
    ("torch's own word for a type", {"torch_dtype": "torch.float16"}, {"dtype": "float16"}),
    ("the newer key for it", {"dtype": "bfloat16"}, {"dtype": "bfloat16"}),
    ("the class's default of tying", {"model_type": "qwen3"}, {"tie_word_embeddings": False}),
    ("an unknown class", {"model_type": "brandnew"}, {"tie_word_embeddings": None}),
    ("a text model inside", {"model_type": "mistral3", "architectures": ["Mistral3ForConditionalGeneration"],
                             "text_config": {"model_type": "mistral", "num_hidden_layers": 40, "hidden_size": 5120,
                                             "num_attention_heads": 32, "head_dim": 128, "dtype": "bfloat16"},
                             "vision_config": {"hidden_size": 1024, "num_hidden_layers": 24}},
     {"model_type": "mistral3", "num_hidden_layers": 40, "head_dim": 128, "dtype": "bfloat16",
      "vision": {"hidden_size": 1024, "num_hidden_layers": 24}, "architectures": ("Mistral3ForConditionalGeneration",)}),
    ("two levels down", {"thinker_config": {"text_config": {"num_hidden_layers": 28, "hidden_size": 3584},
                                            "vision_config": {"depth": 32}}},
     {"num_hidden_layers": 28, "hidden_size": 3584, "vision": {"depth": 32}}),
    ("internvl's name for it", {"llm_config": {"num_hidden_layers": 36}, "tie_word_embeddings": True},
     {"num_hidden_layers": 36, "tie_word_embeddings": True}),
    ("mixtral", {"num_local_experts": 8, "num_experts_per_tok": 2, "intermediate_size": 14336, "num_hidden_layers": 32},
     {"num_experts": 8, "num_experts_per_token": 2, "moe_intermediate_size": 14336, "num_shared_experts": None}),
    ("qwen3 moe", {"num_experts": 128, "num_experts_per_tok": 8, "moe_intermediate_size": 768, "mlp_only_layers": []},
     {"num_experts": 128, "moe_intermediate_size": 768, "first_dense_layers": 0}),
    ("qwen2 moe", {"num_experts": 60, "moe_intermediate_size": 1408, "shared_expert_intermediate_size": 5632},
     {"num_shared_experts": 1, "shared_expert_intermediate_size": 5632}),
    ("deepseek v3", {"n_routed_experts": 256, "n_shared_experts": 1, "first_k_dense_replace": 3, "kv_lora_rank": 512,
                     "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128,
                     "hidden_size": 7168, "num_attention_heads": 128, "moe_intermediate_size": 2048, "num_nextn_predict_layers": 1},
     {"num_experts": 256, "num_shared_experts": 1, "first_dense_layers": 3, "kv_lora_rank": 512, "head_dim": 192,
      "v_head_dim": 128, "details": {"num_nextn_predict_layers": 1}}),
    ("no query compression", {"kv_lora_rank": 512, "q_lora_rank": None}, {"q_lora_rank": None, "kv_lora_rank": 512}),
    ("dense layers in a list", {"n_routed_experts": 8, "moe_layer_freq": [0, 0, 1, 1]}, {"first_dense_layers": 2}),
    ("one expert is none", {"num_experts": 1, "moe_intermediate_size": 5}, {"num_experts": None, "moe_intermediate_size": None}),
    ("llama 4 chunks", {"model_type": "llama4", "text_config": {"model_type": "llama4_text", "num_hidden_layers": 4,
                                                                 "attention_chunk_size": 8192, "num_local_experts": 16}},
     {"layer_types": ("sliding", "sliding", "sliding", "full"), "sliding_window": 8192, "num_shared_experts": 1}),
    ("mistral 7B v0.1: all layers slide", {"model_type": "mistral", "sliding_window": 4096, "num_hidden_layers": 2},
     {"sliding_window": 4096, "layer_types": ()}),
    ("qwen2 has a window and does not use it", {"sliding_window": 32768, "use_sliding_window": False, "max_window_layers": 28,
                                               "num_hidden_layers": 28}, {"sliding_window": None, "layer_types": ()}),
    ("qwen2 uses it from a layer on", {"sliding_window": 4096, "use_sliding_window": True, "max_window_layers": 1,
                                      "num_hidden_layers": 3}, {"layer_types": ("full", "sliding", "sliding")}),
    ("gemma 2 alternates by code", {"model_type": "gemma2", "sliding_window": 4096, "num_hidden_layers": 4},
     {"layer_types": ("sliding", "full", "sliding", "full"), "tie_word_embeddings": True}),
    ("gemma 3", {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text", "sliding_window": 1024,
                                                         "sliding_window_pattern": 6, "num_hidden_layers": 7}},
     {"layer_types": ("sliding",) * 5 + ("full", "sliding")}),
    ("exaone 4's letters", {"sliding_window": 4096, "sliding_window_pattern": "LLLG", "num_hidden_layers": 4},
     {"layer_types": ("sliding", "sliding", "sliding", "full")}),
    ("gpt-oss says it", {"sliding_window": 128, "layer_types": ["sliding_attention", "full_attention"], "num_hidden_layers": 2},
     {"layer_types": ("sliding", "full")}),
    ("all alike is nothing to say", {"layer_types": ["full_attention"] * 3}, {"layer_types": (), "num_hidden_layers": None}),
    ("qwen3 next", {"full_attention_interval": 4, "linear_num_value_heads": 32, "num_hidden_layers": 4},
     {"layer_types": ("linear", "linear", "linear", "full"),
      "details": {"full_attention_interval": 4, "linear_num_value_heads": 32}}),
    ("nemotron-h", {"hybrid_override_pattern": "M-*E", "mamba_num_heads": 64},
     {"layer_types": ("linear", "none", "full", "none"), "num_hidden_layers": 4, "details": {"mamba_num_heads": 64}}),
    ("jamba", {"attn_layer_period": 4, "attn_layer_offset": 2, "num_hidden_layers": 4},
     {"layer_types": ("linear", "linear", "full", "linear")}),
    ("kimi linear counts from 1", {"linear_attn_config": {"full_attn_layers": [2]}, "num_hidden_layers": 2},
     {"layer_types": ("linear", "full")}),
    ("whisper", {"model_type": "whisper", "d_model": 768, "encoder_layers": 12, "decoder_layers": 4, "num_hidden_layers": 12,
                 "decoder_attention_heads": 12, "encoder_attention_heads": 12, "decoder_ffn_dim": 3072,
                 "max_target_positions": 448, "vocab_size": 51865},
     {"num_hidden_layers": 4, "num_encoder_layers": 12, "hidden_size": 768, "intermediate_size": 3072,
      "num_key_value_heads": 12, "head_dim": 64, "max_position_embeddings": 448, "tie_word_embeddings": True}),
    ("one value per layer", {"num_attention_heads": [32, 16], "intermediate_size": [64, 128]},
     {"num_attention_heads": 32, "intermediate_size": 64}),
    ("values of the wrong kind", {"num_hidden_layers": "32", "hidden_size": True, "vocab_size": 3.5, "architectures": [1]},
     {"num_hidden_layers": None, "hidden_size": None, "vocab_size": None, "architectures": ()}),
]  # fmt: skip


@pytest.mark.parametrize(("config", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_the_families_call_things(config: dict[str, Any], expected: dict[str, Any]) -> None:
    shape = read_architecture(config, FAMILIES)
    assert {name: getattr(shape, name) for name in expected} == expected


QUANTIZED: list[tuple[str, dict[str, Any], tuple[object, ...]]] = [
    ("fp8 in blocks", {"quant_method": "fp8", "weight_block_size": [128, 128], "modules_to_not_convert": ["lm_head"]},
     ("fp8", "FP8", 8, None, ("lm_head",))),
    ("fbgemm", {"quant_method": "fbgemm_fp8"}, ("fbgemm_fp8", "FP8", 8, None, ())),
    ("awq", {"quant_method": "awq", "bits": 4, "group_size": 128, "modules_to_not_convert": None}, ("awq", "INT4", 4, 128, ())),
    ("old awq", {"quant_method": "awq", "w_bit": 4, "q_group_size": 64}, ("awq", "INT4", 4, 64, ())),
    ("gptq in 8 bits", {"quant_method": "gptq", "bits": 8, "group_size": -1}, ("gptq", "INT8", 8, None, ())),
    ("gpt-oss", {"quant_method": "mxfp4", "modules_to_not_convert": ["model.embed_tokens"]},
     ("mxfp4", "MXFP4", 4, None, ("model.embed_tokens",))),
    ("bitsandbytes", {"quant_method": "bitsandbytes", "load_in_4bit": True}, ("bitsandbytes", "INT4", 4, None, ())),
    ("bitsandbytes in 8", {"quant_method": "bitsandbytes", "load_in_8bit": True, "llm_int8_skip_modules": ["head"]},
     ("bitsandbytes", "INT8", 8, None, ("head",))),
    ("compressed-tensors fp8", {"quant_method": "compressed-tensors", "format": "float-quantized", "ignore": ["lm_head"],
                                "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}}},
     ("compressed-tensors", "FP8", 8, None, ("lm_head",))),
    ("compressed-tensors w4a16", {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups":
                                  {"group_0": {"weights": {"num_bits": 4, "type": "int", "group_size": 32}}}},
     ("compressed-tensors", "INT4", 4, 32, ())),
    ("compressed-tensors w8a8", {"quant_method": "compressed-tensors", "format": "int-quantized", "config_groups":
                                 {"group_0": {"weights": {"num_bits": 8, "type": "int"}}}},
     ("compressed-tensors", "INT8", 8, None, ())),
    ("compressed-tensors nvfp4", {"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized", "config_groups":
                                  {"group_0": {"weights": {"num_bits": 4, "type": "float", "group_size": 16}}}},
     ("compressed-tensors", "NVFP4", 4, 16, ())),
    ("modelopt", {"quant_method": "modelopt", "quant_algo": "NVFP4", "group_size": 16, "exclude_modules": ["lm_head"]},
     ("modelopt", "NVFP4", 4, 16, ("lm_head",))),
    ("modelopt without a method", {"quant_algo": "W4A16_AWQ"}, ("modelopt", "INT4", 4, None, ())),
    ("modelopt, mixed", {"quant_method": "modelopt", "quant_algo": "MIXED_PRECISION", "quantized_layers":
                         {"a": {"quant_algo": "NVFP4"}, "b": {"quant_algo": "FP8"}, "c": {"quant_algo": "NVFP4"}}},
     ("modelopt", "NVFP4", 4, None, ())),
    ("quark", {"quant_method": "quark", "exclude": ["lm_head"], "global_quant_config":
               {"weight": {"dtype": "fp4", "group_size": 32, "scale_format": "e8m0"}}},
     ("quark", "MXFP4", 4, None, ("lm_head",))),
    ("quark, in two steps", {"quant_method": "quark", "global_quant_config": {"weight": [{"dtype": "fp8_e4m3"},
                                                                                   {"dtype": "int4"}]}},
     ("quark", "INT4", 4, None, ())),
    ("torchao", {"quant_method": "torchao", "quant_type": {"default": {"_type": "Float8WeightOnlyConfig"}}},
     ("torchao", "FP8", 8, None, ())),
    ("torchao, in a word", {"quant_method": "torchao", "quant_type": "int4wo-128"}, ("torchao", "INT4", 4, None, ())),
    ("a method of tomorrow", {"quant_method": "hyperquant"}, ("hyperquant", None, None, None, ())),
]  # fmt: skip


@pytest.mark.parametrize(("section", "expected"), [case[1:] for case in QUANTIZED], ids=[case[0] for case in QUANTIZED])
@pytest.mark.parametrize("place", ["top", "text", "compression"])
def test_quantization(section: dict[str, Any], expected: tuple[object, ...], place: str) -> None:
    config: dict[str, Any] = {
        "top": {"quantization_config": section},
        "text": {"text_config": {"quantization_config": section}},
        "compression": {"compression_config": section},
    }[place]
    found = read_quantization(config)
    assert (found.method, found.scheme, found.bits, found.group_size, found.unquantized_modules) == expected
    assert quantization_of(config, {"I32": 10**9}) == expected[1]
    assert read_architecture(config, FAMILIES).quant_method == expected[0]


@pytest.mark.parametrize(
    ("config", "dtypes", "word"),
    [
        ({}, {}, None),
        ({"torch_dtype": "float32"}, {}, "FP32"),
        ({"text_config": {"dtype": "bfloat16"}}, {}, "BF16"),
        ({"torch_dtype": "bfloat16"}, {"F32": 100, "BF16": 5}, "FP32"),
        ({"torch_dtype": "bfloat16"}, {"F8_E4M3": 100, "BF16": 5}, "FP8"),
        ({}, {"F16": 1}, "FP16"),
        ({}, {"I32": 100, "F16": 5}, None),
        ({"quantization_config": None, "torch_dtype": "float16"}, {}, "FP16"),
    ],
)
def test_the_word_without_a_declaration(config: dict[str, Any], dtypes: dict[str, int], word: str | None) -> None:
    assert quantization_of(config, dtypes) == word


@pytest.mark.parametrize(
    ("config", "files", "template", "task"),
    [
        ({"architectures": ["Qwen3ForCausalLM"]}, [], True, "chat"),
        ({"architectures": ["Qwen3ForCausalLM"]}, [], None, "chat"),
        ({"architectures": ["Qwen3ForCausalLM"]}, [], False, "completion"),
        ({"architectures": ["Qwen3ForCausalLM"]}, ["modules.json"], True, "embed"),
        ({"architectures": ["Qwen3VLForConditionalGeneration"]}, [], False, "chat"),
        ({"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper"}, [], None, "speech-to-text"),
        ({"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta"}, [], None, "embed"),
        ({"architectures": ["XLMRobertaForSequenceClassification"], "model_type": "xlm-roberta"}, [], None, "rerank"),
        ({}, ["model_index.json"], None, "text-to-image"),
        ({"architectures": ["SomethingElse"]}, [], None, "other"),
        ({}, [], None, "chat"),
    ],
)
def test_what_a_repo_is_for(config: dict[str, Any], files: list[str], template: bool | None, task: str) -> None:
    assert task_of(config, files, FAMILIES, has_chat_template=template) == task


KEYS = ["num_hidden_layers", "layer_types", "text_config", "quantization_config", "num_attention_heads", "moe_layer_freq",
        "mlp_only_layers", "hidden_size", "sliding_window", "architectures", "config_groups", "vision_config",
        "full_attention_interval", "linear_num_value_heads", "num_experts", "sliding_window_pattern", "model_type",
        "attn_layer_period", "hybrid_override_pattern", "attention_chunk_size", "max_window_layers"]  # fmt: skip
LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-2, 6)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "G", "MX*", "fp8"])
)
ANYTHING = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), ANYTHING, max_size=8))
def test_no_config_breaks_the_reader(config: dict[str, Any]) -> None:
    assert isinstance(read_architecture(config, FAMILIES), Architecture)
    assert quantization_of(config, {}) is None or isinstance(quantization_of(config, {}), str)
