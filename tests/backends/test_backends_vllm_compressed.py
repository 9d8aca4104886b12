"""DeepSeek-V4's cache in vLLM: rows, windows, and what its compressors have not compressed yet."""

from __future__ import annotations

import pytest
from tests.planning.machines import new_shape

from modelscan.backends.vllm.compressed import compressed_buckets, groups_of
from modelscan.backends.vllm.estimates import vllm_blocks
from modelscan.units import GIB

FLASH = new_shape(
    model_type="deepseek_v4",
    num_hidden_layers=43,
    hidden_size=4096,
    num_attention_heads=64,
    num_key_value_heads=1,
    head_dim=512,
    vocab_size=129280,
    sliding_window=128,
    max_position_embeddings=1048576,
    qk_rope_head_dim=64,
    details={"compress_ratios": [0, 0, *[4, 128] * 20, 4, 0], "index_head_dim": 128},
)


def test_pages_are_those_of_the_source() -> None:
    """64 rows of 584 bytes in a page, aligned to 576; states in float32, in blocks of 4 and 8 tokens."""
    rows, window, fine, coarse = compressed_buckets(FLASH)
    assert rows.page == 21 * (37440 + 8640) + 20 * 1728
    assert (window.layers, window.page, window.block, window.window) == (43, 37440, 64, 128)
    assert (fine.layers, fine.page, fine.block, fine.window) == (21, 32832 + 8640, 4, 8)
    assert (coarse.layers, coarse.page, coarse.block, coarse.window) == (20, 32832, 8, 128)
    assert groups_of([rows, window, fine, coarse]) == [1, 2, 1, 1]


def test_a_request_costs_what_was_measured() -> None:
    """vllm-project/vllm#51041: 7.7 GiB held 1.24 requests of 121,344 tokens, with steps of 8,192."""
    blocks = vllm_blocks(FLASH, tensor_parallel=2, number=1.0)
    assert blocks is not None
    assert blocks.request_bytes(121_344, 2 * 8192) / GIB == pytest.approx(6.2, rel=0.1)
    assert blocks.capacity(int(7.7 * GIB), 121_344, 2 * 8192).concurrency == pytest.approx(1.24, rel=0.1)


def test_smaller_steps_divide_it() -> None:
    blocks = vllm_blocks(FLASH, tensor_parallel=2, number=1.0)
    assert blocks is not None
    large, small = (blocks.request_bytes(32768, 2 * step) for step in (8192, 2048))
    assert 3.5 < large / small < 4


def test_layers_that_all_compress_alike_keep_one_group_of_each_kind() -> None:
    coarse = new_shape(
        model_type="deepseek_v4",
        num_hidden_layers=4,
        head_dim=512,
        sliding_window=128,
        details={"compress_ratios": [128] * 4, "index_head_dim": 128},
    )
    assert groups_of(compressed_buckets(coarse)) == [1, 1, 1]
