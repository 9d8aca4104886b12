"""The arithmetic against what backends printed, and against parameter counts that publishers state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import DEEPSEEK_R1, llama, new_shape, weights

from modelscan.dataclasses import replace
from modelscan.model import Architecture
from modelscan.planning.memory.activations import activation_bytes
from modelscan.planning.options.context import model_limit
from modelscan.units import GIB
from modelscan.weights.counting.bytes import parameter_count, weights_bytes
from modelscan.weights.counting.kv_cache import request_bytes, token_bytes
from modelscan.weights.counting.tensors import parameters_per_gpu

GPT_OSS_20B = new_shape(
    model_type="gpt_oss",
    num_hidden_layers=24,
    hidden_size=2880,
    intermediate_size=2880,
    num_attention_heads=64,
    num_key_value_heads=8,
    head_dim=64,
    vocab_size=201088,
    max_position_embeddings=131072,
    tie_word_embeddings=False,
    sliding_window=128,
    layer_types=("sliding", "full") * 12,
    num_experts=32,
    num_experts_per_token=4,
    moe_intermediate_size=2880,
    quant_method="mxfp4",
    quant_bits=4,
    unquantized_modules=("model.layers.*.self_attn", "model.layers.*.mlp.router", "model.embed_tokens", "lm_head"),
    total_parameters=20_914_757_184,
)
QWEN3_NEXT = new_shape(
    model_type="qwen3_next",
    num_hidden_layers=48,
    hidden_size=2048,
    intermediate_size=5120,
    num_attention_heads=16,
    num_key_value_heads=2,
    head_dim=256,
    vocab_size=151936,
    tie_word_embeddings=False,
    layer_types=("linear", "linear", "linear", "full") * 12,
    num_experts=512,
    num_experts_per_token=10,
    moe_intermediate_size=512,
    shared_expert_intermediate_size=512,
    details={
        "linear_num_value_heads": 32,
        "linear_num_key_heads": 16,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
    },
)
NEMOTRON_NANO = new_shape(
    model_type="nemotron_h",
    num_hidden_layers=52,
    hidden_size=2688,
    intermediate_size=1856,
    num_attention_heads=32,
    num_key_value_heads=2,
    head_dim=128,
    vocab_size=131072,
    tie_word_embeddings=False,
    layer_types=("linear",) * 23 + ("none",) * 23 + ("full",) * 6,
    num_experts=128,
    num_experts_per_token=6,
    moe_intermediate_size=1856,
    num_shared_experts=1,
    shared_expert_intermediate_size=3712,
    details={"mamba_num_heads": 64, "mamba_head_dim": 64, "ssm_state_size": 128, "n_groups": 8, "conv_kernel": 4},
)
MAVERICK = llama(
    model_type="llama4",
    num_hidden_layers=48,
    hidden_size=5120,
    intermediate_size=8192,
    num_attention_heads=40,
    vocab_size=202048,
    num_experts=128,
    num_experts_per_token=1,
    moe_intermediate_size=8192,
    num_shared_experts=1,
    details={"interleave_moe_layer_step": 2, "intermediate_size_mlp": 16384},
)
WHISPER = new_shape(
    model_type="whisper",
    num_hidden_layers=32,
    num_encoder_layers=32,
    hidden_size=1280,
    intermediate_size=5120,
    num_attention_heads=20,
    num_key_value_heads=20,
    head_dim=64,
    vocab_size=51866,
    max_position_embeddings=448,
    tie_word_embeddings=True,
    details={"max_source_positions": 1500},
)


@pytest.mark.parametrize(
    ("shape", "stated"),
    [
        (llama(), 8.030e9),
        (DEEPSEEK_R1, 671.03e9),
        (GPT_OSS_20B, 20.91e9),
        (QWEN3_NEXT, 79.7e9),  # 81.3 with the layer that only speculation uses
        (NEMOTRON_NANO, 31.58e9),
        (MAVERICK, 400.7e9),
        (WHISPER, 1.543e9),
    ],
)
def test_the_structure_sums_up_to_the_stated_parameters(shape: Architecture, stated: float) -> None:
    counted = parameters_per_gpu(shape)
    assert counted is not None
    assert counted.checkpoint == pytest.approx(stated, rel=0.01)


@pytest.mark.parametrize(
    ("shape", "quantization", "tensor_parallel", "measured_gib"),
    [
        (llama(), "BF16", 1, 14.99),
        (replace(llama(), quant_method="awq"), "INT4", 1, 5.37),
        (replace(DEEPSEEK_R1, total_parameters=684_489_845_504, sizes={"speculative_layers": 1}), "FP8", 16, 40.317),
        (GPT_OSS_20B, "MXFP4", 1, 13.72),
        (WHISPER, "FP16", 1, 2.875),
    ],
)  # fmt: skip
def test_weights_are_what_backends_printed(
    shape: Architecture, quantization: str, tensor_parallel: int, measured_gib: float
) -> None:
    size = weights_bytes(weights("x/y", shape, quantization), quantization, tensor_parallel=tensor_parallel)
    assert size is not None
    assert size.estimate / GIB == pytest.approx(measured_gib, rel=0.01)
    assert size.low / GIB <= measured_gib <= size.high / GIB


def test_padding_for_four_bit_experts_is_only_in_the_upper_bound() -> None:
    size = weights_bytes(weights("x/y", GPT_OSS_20B, "MXFP4"), "MXFP4")
    assert size is not None
    assert size.low / GIB < 13.47 < size.estimate / GIB  # 13.47: a kernel that pads less


def test_a_count_of_packed_integers_is_not_taken_for_parameters() -> None:
    packed = replace(llama(), quant_bits=4, total_parameters=4_500_000_000)
    size = weights_bytes(weights("x/y", packed, "NVFP4"), "NVFP4")
    assert size is not None
    assert size.estimate / GIB == pytest.approx((6.98e9 * 0.5625 + 1.05e9 * 2) / GIB, rel=0.02)


def test_a_tied_head_that_is_stored_once_more_is_not_loaded_twice() -> None:
    qwen = llama(
        model_type="qwen3", num_hidden_layers=28, hidden_size=1024, intermediate_size=3072, num_attention_heads=16,
        vocab_size=151936, tie_word_embeddings=True, total_parameters=751_632_384,
    )  # fmt: skip
    assert parameter_count(weights("x/y", qwen)) == pytest.approx(596e6, rel=0.01)


@pytest.mark.parametrize(
    ("dtypes", "quantization", "total"),
    [
        ({"BF16": 1000}, "BF16", 1000),
        ({"BF16": 1000}, "FP32", 2000),
        ({"F32": 1000}, "BF16", 500),
        ({"F8_E4M3": 1000, "F32": 8}, "FP8", 1008),
    ],
)
def test_the_bytes_of_files_follow_the_type_of_the_computation(
    dtypes: dict[str, int], quantization: str, total: int
) -> None:
    size = weights_bytes(weights("x/y", None, bytes_by_dtype=dtypes), quantization)
    assert size is not None
    assert size.estimate == total


def test_attention_listed_as_unquantized_stays_16_bit() -> None:
    shape = llama(num_hidden_layers=10, total_parameters=None)
    all_of_it = replace(shape, unquantized_modules=("model.layers.*.self_attn",))
    one_of_ten = replace(
        shape, unquantized_modules=("model.layers.3.self_attn.q_proj", "model.layers.3.self_attn.k_proj")
    )
    plain, kept, some = (parameters_per_gpu(item) for item in (shape, all_of_it, one_of_ten))
    assert plain is not None
    assert kept is not None
    assert some is not None
    attention = plain.linear - kept.linear
    assert attention == pytest.approx(10 * 4096 * 128 * (2 * 32 + 2 * 8), rel=0.001)
    assert plain.linear - some.linear == pytest.approx(attention / 10, rel=0.001)


@pytest.mark.parametrize(
    ("shape", "tensor_parallel", "per_token"),
    [
        (llama(), 1, 131072),
        (llama(), 2, 65536),
        (llama(num_key_value_heads=2), 4, 16384),  # two KV heads over four GPUs: each has one
        (DEEPSEEK_R1, 1, 70272),
        (DEEPSEEK_R1, 8, 70272),  # the latent row is never divided
    ],
)
def test_kv_cache_per_token(shape: Architecture, tensor_parallel: int, per_token: int) -> None:
    assert request_bytes(shape, 16384, tensor_parallel=tensor_parallel, number=2) == 16384 * per_token


def test_a_window_is_kept_with_one_prefill_step_and_no_more() -> None:
    one = token_bytes(GPT_OSS_20B, 1, 2)
    full, window = 12 * 131072 * one, 12 * (2176 + 16) * one
    assert request_bytes(GPT_OSS_20B, 131072, number=2, step_tokens=2048) == full + window


def test_layers_with_a_state_keep_it_and_layers_without_keep_nothing() -> None:
    state = request_bytes(QWEN3_NEXT, 16, number=2) - 12 * 16 * token_bytes(QWEN3_NEXT, 1, 2)
    assert state == 36 * (32 * 128 * 128 * 2 + 8192 * 3 * 2)
    assert request_bytes(NEMOTRON_NANO, 8192, number=2) - request_bytes(NEMOTRON_NANO, 16, number=2) == (
        6 * (8192 - 16) * token_bytes(NEMOTRON_NANO, 1, 2)
    )


def test_what_whisper_heard_is_kept_beside_what_it_says() -> None:
    assert request_bytes(WHISPER, 448, number=2) == 32 * (448 + 1504) * token_bytes(WHISPER, 1, 2)


def test_an_encoder_keeps_nothing_and_ends_before_its_table() -> None:
    encoder = llama(model_type="xlm-roberta", max_position_embeddings=8194)
    assert request_bytes(encoder, 8192, number=2) == 0
    assert model_limit(encoder) == 8192


def test_activations_of_long_prefills_and_of_sampling() -> None:
    prefill = activation_bytes(llama(), tokens=20000, sequences=1)
    assert prefill.estimate / GIB == pytest.approx(2.07, rel=0.02)  # vLLM, unchunked
    sampling = activation_bytes(llama(vocab_size=151936), tokens=16, sequences=1024)
    assert sampling.estimate / GIB == pytest.approx(5.56, rel=0.02)  # vLLM's defaults on an H100


@given(st.integers(1, 2048), st.integers(1, 2048))
def test_activations_never_fall_when_concurrency_grows(some: int, more: int) -> None:
    few, many = sorted((some, more))
    small, large = (activation_bytes(llama(), tokens=2048, sequences=count) for count in (few, many))
    assert small.high <= large.high
