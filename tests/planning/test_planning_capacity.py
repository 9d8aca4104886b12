"""What a pool holds, against the tokens and requests that backends printed, and what a backend does in one step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.planning.machines import DEEPSEEK_R1, llama, new_shape
from tests.planning.test_planning_memory import GPT_OSS_20B, QWEN3_NEXT

from modelscan.backends.registry import BACKENDS
from modelscan.backends.sglang.estimates import sglang_cells, sglang_steps
from modelscan.backends.vllm.estimates import vllm_blocks, vllm_steps
from modelscan.dataclasses import replace
from modelscan.model import Architecture
from modelscan.units import GIB

GEMMA4_31B = new_shape(
    model_type="gemma4",
    num_hidden_layers=60,
    hidden_size=5376,
    num_attention_heads=32,
    num_key_value_heads=16,
    head_dim=256,
    vocab_size=262144,
    sliding_window=1024,
    layer_types=("sliding", "sliding", "sliding", "sliding", "sliding", "full") * 10,
    details={"num_global_key_value_heads": 4, "global_head_dim": 512, "attention_k_eq_v": True},
)


@pytest.mark.parametrize(
    ("shape", "tensor_parallel", "before", "after", "static", "share", "printed"),
    [
        (llama(), 1, 139.20, 124.23, 0.8717961202189594, 0.8, 871371),  # sglang#6753
        (llama(), 4, 21.52, 17.76, 0.75, 0.8, 405784),  # sglang#565
        (GEMMA4_31B, 2, 22.91, 11.84, 0.85, 0.0625, 134302),  # a window's pool of a sixteenth
        (GEMMA4_31B, 2, 22.91, 11.84, 0.85, 0.8, 24248),
    ],
)
def test_sglang_counts_as_many_tokens_as_it_printed(
    shape: Architecture, tensor_parallel: int, before: float, after: float, static: float, share: float, printed: int
) -> None:
    cells = sglang_cells(shape, tensor_parallel=tensor_parallel, number=2.0, window_share=share)
    assert cells is not None
    pool = int((after - before * (1 - static)) * GIB)
    assert cells.capacity(pool, 8192, 0).tokens == pytest.approx(printed, rel=0.01)


def test_vllm_gives_each_request_whole_blocks() -> None:
    blocks = vllm_blocks(llama(), number=2.0)
    assert blocks is not None
    assert blocks.block_bytes == 16 * 131072
    assert [blocks.per_request(length, 4096) for length in (1, 16, 17, 8192)] == [1, 1, 2, 512]
    capacity = blocks.capacity(10 * blocks.block_bytes + 5, 32, 4096)
    assert (capacity.tokens, capacity.concurrency) == (160, 5.0)


def test_layers_with_a_window_take_no_more_than_it_and_the_steps_in_flight() -> None:
    blocks = vllm_blocks(GPT_OSS_20B, number=2.0)
    assert blocks is not None
    assert [(group.kind, group.count, group.block) for group in blocks.groups] == [("sliding", 1, 16), ("full", 1, 16)]
    assert blocks.block_bytes == 12 * 16 * 2 * 8 * 64 * 2
    windows = -(-(127 + 2048) // 16) + 1
    assert blocks.per_request(131072, 2048) == 131072 // 16 + windows
    tokens = blocks.capacity(10 * GIB, 131072, 2048).tokens
    assert tokens == int(10 * GIB // blocks.block_bytes / (8192 + windows) * 131072)


def test_a_state_raises_the_block_of_attention_until_it_fits_into_a_page() -> None:
    """Qwen3-Next: 32 heads of 128 x 128 and a short convolution, 1.05 MiB in 16 bit; its pages of K and V hold that."""
    blocks = vllm_blocks(QWEN3_NEXT, number=2.0)
    assert blocks is not None
    state = 32 * 128 * 128 * 2 + (2 * 16 * 128 + 32 * 128) * 3 * 2
    full = next(group for group in blocks.groups if group.kind == "full")
    page = blocks.block_bytes // 12
    assert full.block % 16 == 0
    assert page == full.block * 2 * 2 * 256 * 2
    assert page - 16 * 2048 < state <= page
    assert [(group.kind, group.count) for group in blocks.groups] == [("linear", 3), ("full", 1)]


def test_mla_is_not_divided_by_tensor_parallel() -> None:
    one, eight = (vllm_blocks(DEEPSEEK_R1, tensor_parallel=count, number=2.0) for count in (1, 8))
    assert one is not None
    assert one == eight
    assert one.block_bytes == 61 * 16 * (512 + 64) * 2


@given(
    backend=st.sampled_from(["vllm", "sglang"]),
    shape=st.sampled_from([llama(), GPT_OSS_20B, QWEN3_NEXT, GEMMA4_31B, DEEPSEEK_R1]),
    contexts=st.tuples(st.integers(1, 1 << 20), st.integers(1, 1 << 20)),
    tensor_parallel=st.sampled_from([1, 2, 4, 8]),
)
def test_a_longer_request_never_needs_less(
    backend: str, shape: Architecture, contexts: tuple[int, int], tensor_parallel: int
) -> None:
    estimates = BACKENDS[backend].estimates
    assert estimates is not None
    cache = estimates.pool(shape, tensor_parallel=tensor_parallel, pipeline_parallel=1, number=2.0)
    assert cache is not None
    short, long = sorted(contexts)
    assert cache.request_bytes(short, 8192) <= cache.request_bytes(long, 8192)
    deeper = replace(shape, num_hidden_layers=2 * (shape.num_hidden_layers or 0), layer_types=shape.layer_types * 2)
    deep = estimates.pool(deeper, tensor_parallel=tensor_parallel, pipeline_parallel=1, number=2.0)
    assert deep is not None
    assert cache.request_bytes(long, 8192) <= deep.request_bytes(long, 8192)


@pytest.mark.parametrize(
    ("gib", "name", "capability", "expected"),
    [
        (23.6, "NVIDIA GeForce RTX 4090", 8.9, (2048, 256, 51)),
        (79.2, "NVIDIA H100 80GB HBM3", 9.0, (8192, 1024, 51)),
        (79.2, "NVIDIA A100-SXM4-80GB", 8.0, (2048, 256, 51)),
        (178.0, "NVIDIA B200", 10.0, (16384, 1024, 83)),
    ],
)
def test_vllm_takes_larger_steps_on_larger_gpus(
    gib: float, name: str, capability: float, expected: tuple[int, int, int]
) -> None:
    steps = vllm_steps(int(gib * GIB), name, capability=capability)
    assert (steps.tokens, steps.sequences, steps.captured) == expected


def test_sglang_takes_larger_steps_on_larger_gpus() -> None:
    found = [sglang_steps(int(gib * GIB), gpus=1) for gib in (15.0, 23.6, 44.5, 79.2, 139.7, 178.0)]
    assert [(steps.tokens, steps.sequences) for steps in found] == [
        (2048, 8), (4096, 48), (4096, 32), (8192, 256), (8192, 256), (16384, 512),
    ]  # fmt: skip
    assert sglang_steps(int(79.2 * GIB), gpus=8).sequences == 512
