"""The architectures that come with the program."""

from __future__ import annotations

import json

import pytest

from modelscan.hubs.families import shipped_families
from modelscan.storage.shipped import shipped_text
from modelscan.weights.reading.shipped import describe_shipped

TEXT = shipped_text("architectures.json")
MODELS = json.loads(TEXT)["models"]
CURATED = [
    "BAAI/bge-m3", "google/embeddinggemma-300m", "Qwen/Qwen3-Embedding-0.6B", "Qwen/Qwen3-Embedding-4B",
    "Qwen/Qwen3-4B-Instruct-2507", "Qwen/Qwen3-4B-Instruct-2507-FP8", "meta-llama/Llama-3.2-1B-Instruct",
    "meta-llama/Llama-3.2-3B-Instruct", "deepseek-ai/deepseek-coder-6.7b-instruct", "Qwen/Qwen3-VL-2B-Instruct",
    "Qwen/Qwen3-VL-4B-Instruct", "Qwen/Qwen3-VL-2B-Instruct-FP8", "Qwen/Qwen3-VL-4B-Instruct-FP8",
    "openai/whisper-tiny", "openai/whisper-tiny.en", "openai/whisper-small", "openai/whisper-small.en",
    "openai/whisper-medium", "openai/whisper-medium.en", "openai/whisper-large-v2", "jethrowang/whisper-tiny-chinese",
    "Ivydata/whisper-small-japanese", "BELLE-2/Belle-whisper-large-v3-zh", "deepseek-ai/DeepSeek-R1",
    "HuggingFaceTB/SmolLM2-135M-Instruct", "openai/gpt-oss-20b", "moonshotai/Kimi-K2-Instruct",
]  # fmt: skip
NEEDED = ("num_hidden_layers", "hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim", "vocab_size",
          "max_position_embeddings")  # fmt: skip
# What a model without attention has none of.
ATTENDING = {"num_attention_heads", "num_key_value_heads", "head_dim", "max_position_embeddings"}


@pytest.mark.parametrize("repo_id", CURATED)
def test_the_curated_models_can_be_planned_without_a_network(repo_id: str) -> None:
    found = describe_shipped(repo_id, "huggingface", TEXT, shipped_families())
    assert found is not None
    assert found.architecture is not None
    assert found.architecture.total_parameters


def test_every_shape_is_whole() -> None:
    found = {repo_id: describe_shipped(repo_id, "huggingface", TEXT, shipped_families()) for repo_id in MODELS}
    incomplete = [
        (repo_id, name)
        for repo_id, one in found.items()
        for name in NEEDED
        if one is None or one.architecture is None or getattr(one.architecture, name) is None
        if not (one and one.architecture and set(one.architecture.layer_types) == {"linear"} and name in ATTENDING)
    ]
    assert incomplete == []
    assert [repo_id for repo_id, one in found.items() if one is None or one.quantization is None] == []
    assert len({repo_id.lower() for repo_id in MODELS}) == len(MODELS)


def test_every_shape_says_how_it_was_checked() -> None:
    words = {
        "aiconfigurator",
        "llmfit",
        "total",
        "arithmetic",
        "weights-measured",
        "kv-measured",
        "whisper-card",
        "derived",
        "mirror",
        "same-shape",
        "same-total",
        "stated",
    }
    assert {word for facts in MODELS.values() for word in facts["verified"]} <= words
    assert all(facts["verified"] for facts in MODELS.values())


def test_the_parameters_follow_from_the_shape() -> None:
    # Dense decoders that say so: embeddings, attention, gated MLP, norms; to the last parameter.
    checked = 0
    for repo_id, facts in MODELS.items():
        found = describe_shipped(repo_id, "huggingface", TEXT, shipped_families())
        assert found is not None
        shape = found.architecture
        assert shape is not None
        if "arithmetic" not in facts["verified"] or shape.model_type not in {"llama", "mistral", "qwen3"}:
            continue
        hidden, heads, kv, size = (
            shape.hidden_size or 0, shape.num_attention_heads or 0, shape.num_key_value_heads or 0, shape.head_dim or 0,
        )  # fmt: skip
        layer = (
            2 * hidden * heads * size
            + 2 * hidden * kv * size
            + 3 * hidden * (shape.intermediate_size or 0)
            + 2 * hidden
        )
        layer += 2 * size if shape.model_type == "qwen3" else 0
        embeddings = (shape.vocab_size or 0) * hidden * (1 if shape.tie_word_embeddings else 2)
        assert embeddings + (shape.num_hidden_layers or 0) * layer + hidden == shape.total_parameters, repo_id
        checked += 1
    assert checked > 80


def test_names_are_found_in_any_casing_and_nothing_else_is() -> None:
    found = describe_shipped("DEEPSEEK-AI/deepseek-r1", "modelscope", TEXT, shipped_families())
    assert found is not None
    assert (found.source, found.repo_id, found.quantization, found.verified) == (
        "modelscope", "DEEPSEEK-AI/deepseek-r1", "FP8", True,
    )  # fmt: skip
    assert describe_shipped("nobody/nothing", "huggingface", TEXT, shipped_families()) is None


def test_a_derived_shape_is_marked() -> None:
    found = describe_shipped("Qwen/Qwen3-8B-AWQ", "huggingface", TEXT, shipped_families())
    assert found is not None
    assert (found.verified, found.quantization, found.format) == (False, "INT4", "awq")
