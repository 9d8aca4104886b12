"""A stranger's config.json: whatever is in it, it is read, planned or refused, in little time."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelscan.errors import ModelscanError
from modelscan.hardware.described import describe_hardware
from modelscan.hardware.gpu_table import parse_gpu_table
from modelscan.hubs.config import bounded_config
from modelscan.hubs.describing import describe_listing
from modelscan.hubs.files import Listing, RemoteFile
from modelscan.model import PlanRequest
from modelscan.planning.decide.planner import make_plan
from modelscan.selecting.evidence import planning_facts
from modelscan.storage.shipped import shipped_text

DENSE = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 1024, "intermediate_size": 2048,
    "num_hidden_layers": 4, "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 64, "vocab_size": 32000,
    "max_position_embeddings": 8192, "torch_dtype": "bfloat16", "rope_scaling": {"type": "yarn", "factor": 4.0},
}  # fmt: skip
EXPERTS = DENSE | {
    "architectures": ["DeepseekV3ForCausalLM"], "model_type": "deepseek_v3", "n_routed_experts": 8, "n_shared_experts": 1,
    "num_experts_per_tok": 2, "moe_intermediate_size": 512, "first_k_dense_replace": 1, "q_lora_rank": 256,
    "kv_lora_rank": 128, "qk_nope_head_dim": 64, "qk_rope_head_dim": 32, "v_head_dim": 64, "moe_layer_freq": 1,
    "num_nextn_predict_layers": 1, "quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]},
}  # fmt: skip
LINEAR = DENSE | {
    "architectures": ["Qwen3NextForCausalLM"], "model_type": "qwen3_next", "full_attention_interval": 4,
    "linear_num_value_heads": 8, "linear_num_key_heads": 4, "linear_key_head_dim": 64, "linear_value_head_dim": 64,
    "linear_conv_kernel_dim": 4, "num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 256,
}  # fmt: skip
STATES = DENSE | {
    "architectures": ["NemotronHForCausalLM"], "model_type": "nemotron_h", "hybrid_override_pattern": "M-M*",
    "ssm_state_size": 64, "conv_kernel": 4, "n_groups": 2, "mamba_num_heads": 8, "mamba_head_dim": 64,
}  # fmt: skip
SEEING: dict[str, Any] = {
    "architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3",
    "text_config": DENSE | {"model_type": "gemma3_text", "sliding_window": 512, "layer_types": ["full_attention"] * 4},
    "vision_config": {"hidden_size": 256, "num_hidden_layers": 2, "patch_size": 14, "image_size": 224},
}  # fmt: skip
BLOCKS = DENSE | {
    "architectures": ["DeciLMForCausalLM"], "model_type": "nemotron-nas",
    "block_configs": [{"attention": {"n_heads_in_group": 4}, "ffn": {"ffn_mult": 2.6}}] * 4,
}  # fmt: skip
BASES: list[dict[str, Any]] = [DENSE, EXPERTS, LINEAR, STATES, SEEING, BLOCKS]
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.integers(10**6, 10**40),
    st.sampled_from([0, -1, -5, 10**12, 10**400, float("inf"), float("nan"), "auto", "y" * 5000, [], {}, [0] * 5000]),
    st.lists(st.one_of(st.integers(-5, 10**30), st.text(max_size=3), st.none()), max_size=4),
    st.dictionaries(st.text(max_size=4), st.integers(), max_size=3),
)  # fmt: skip
FACTS, GPUS = planning_facts(), parse_gpu_table(shipped_text("gpus.csv"))
MACHINES = [describe_hardware(spec, GPUS) for spec in ("rtx-4090", "2xh100-80gb", "cpu:64gb")]


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    config: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from(BASES))))
    for _ in range(draw(st.integers(1, 4))):
        section = config
        while True:
            key = draw(st.sampled_from(sorted(section)))
            if isinstance(section[key], dict) and section[key] and draw(st.booleans()):
                section = section[key]
                continue
            section[key] = draw(ODD)
            break
    return config


def plan(config: dict[str, Any]) -> None:
    data = {"config.json": json.dumps(config).encode(), "tokenizer.json": b"{}"}
    files = tuple(RemoteFile(path=name, size_bytes=len(content)) for name, content in data.items())
    listing = Listing(commit="c" * 40, files=files)
    described = describe_listing("huggingface", "a/b", listing, lambda path, start, end: data[path][start:end])
    for machine in MACHINES:
        make_plan(None, (described,), machine, PlanRequest(model="a/b"), FACTS, ())


@settings(deadline=5_000)
@given(configs())
def test_any_config_is_planned_or_refused(config: dict[str, Any]) -> None:
    with contextlib.suppress(ModelscanError):  # an answer, which no other exception is
        plan(config)


@pytest.mark.parametrize("base", BASES, ids=[str(base["model_type"]) for base in BASES])
def test_what_a_config_can_have_is_kept(base: dict[str, Any]) -> None:
    assert bounded_config(base) == base
    plan(base)


def test_what_is_of_another_kind_or_size_is_as_if_it_were_not_said() -> None:
    odd = {
        "hidden_size": "big", "num_hidden_layers": 10**12, "num_attention_heads": True, "vocab_size": float("inf"),
        "model_type": ["llama"], "layer_types": "full", "architectures": [1], "text_config": 3, "rope_theta": float("nan"),
        "tie_word_embeddings": 1, "moe_layer_freq": [0, -1], "mamba_expand": 2.0, "intermediate_size": [512, 1024],
        "a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {"i": {"j": 1}}}}}}}}},
    }  # fmt: skip
    kept = bounded_config(odd)
    assert kept.pop("a")
    assert kept == {"mamba_expand": 2.0, "intermediate_size": [512, 1024]}
    assert "num_attention_heads" not in bounded_config({"hidden_size": 2, "num_attention_heads": 4})
