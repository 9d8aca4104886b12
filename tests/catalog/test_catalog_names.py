from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelscan.catalog.naming import names
from modelscan.catalog.naming.plainly import plainly


@pytest.mark.parametrize(
    ("spellings", "key"),
    [
        (["Qwen/Qwen3-32B", "qwen-3-32b", "qwen3:32b", "Qwen3 32B", "alibaba/qwen3_32b"], "qwen 3 32b"),
        (["us.meta.llama3-1-70b-instruct-v1:0", "meta-llama/Llama-3.1-70B-Instruct"], "llama 3.1 70b instruct"),
        (["accounts/fireworks/models/glm-4p7", "hf:zai-org/GLM-4.7", "@cf/zai-org/glm-4.7"], "glm 4.7"),
        (["claude-3-7-sonnet@20250219", "anthropic/claude-3.7-sonnet"], "claude 3.7 sonnet"),
        (["openai.gpt-oss-120b-1:0", "openai/gpt-oss-120b:free", "gpt-oss:120b"], "gpt oss 120b"),
        (["google/gemma-3-4b-it", "gemma3:4b-it"], "gemma 3 4b it"),
        (["kimi-k2p6", "moonshotai/Kimi-K2.6", "kimi-k2-6"], "kimi k2.6"),
    ],
)
def test_spellings_of_one_name_share_a_key(spellings: list[str], key: str) -> None:
    assert {names.key(names.unwrap(spelling)) for spelling in spellings} == {key}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Qwen/Qwen3-32B", "Qwen/Qwen3-VL-32B"),
        ("deepseek-r1", "deepseek-r1-0528"),
        ("whisper-large-v3", "whisper-large-v3-turbo"),
        ("gemma-3-4b", "gemma-4-3b"),
        ("qwen2.5-7b", "qwen2-5.7b"),
        ("glm-4.5", "glm-4.5v"),
    ],
)
def test_other_models_keep_other_keys(one: str, other: str) -> None:
    assert names.key(one) != names.key(other)


@pytest.mark.parametrize(
    ("name", "kept", "quantization"),
    [
        ("Qwen3-8B-FP8", "qwen 3 8b", "FP8"),
        ("Qwen2.5-72B-Instruct-GPTQ-Int4", "qwen 2.5 72b instruct", "GPTQ"),
        ("qwen3:32b-q4_K_M", "qwen 3 32b", "Q4_K_M"),
        ("DeepSeek-V3.2-NVFP4", "deepseek v3.2", "NVFP4"),
        ("Qwen3-8B-GGUF", "qwen 3 8b", None),
        ("bge-m3", "bge m3", None),
    ],
)
def test_storage_words_are_told_from_the_name(name: str, kept: str, quantization: str | None) -> None:
    assert names.without_quantization(names.words(name)) == (tuple(kept.split()), quantization)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("Qwen3-30B-A3B", (30_000_000_000, 3_000_000_000)),
        ("Llama-4-Scout-17B-16E-Instruct", (None, 17_000_000_000)),
        ("Mixtral-8x22B-Instruct-v0.1", (None, None)),
        ("embeddinggemma-300m", (300_000_000, None)),
        ("Qwen3-TTS-12Hz-1.7B-Base", (1_700_000_000, None)),
        ("whisper-large-v3", (None, None)),
    ],
)
def test_sizes_written_in_names(name: str, sizes: tuple[int | None, int | None]) -> None:
    assert names.size_in_name(name) == sizes


@given(st.text(max_size=80))
def test_any_text_is_a_name(text: str) -> None:
    parts = names.words(names.unwrap(text))
    assert names.words(" ".join(parts)) is not None
    names.without_quantization(parts)
    names.size_in_name(text)
    names.base_repo(text)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Qwen 3.6 with 27 billion parameters", "qwen 3.6 27b"),
        ("SmolLM2 135 million", "smollm2 135m"),
        ("Qwen3-Coder-Next 80B quantized to 4-bit", "qwen3-coder-next 80b 4-bit"),
        ("qwen38", "qwen3.8"),
        ("Qwen36_27B", "qwen3.6_27b"),
        ("glm47-flash", "glm4.7-flash"),
        ("llama70b", "llama70b"),
        ("gemma27m", "gemma27m"),
        ("gpt-oss-20b", "gpt-oss-20b"),
        ("deepseek-v31", "deepseek-v31"),
        ("the model", ""),
    ],
)
def test_a_name_out_of_a_sentence(said: str, name: str) -> None:
    assert plainly(said) == name
