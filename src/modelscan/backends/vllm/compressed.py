"""The cache of layers that keep compressed rows (DeepSeek-V4): rows, windows and the states of their compressors.

Each layer keeps its window; most compress 4 or 128 tokens into a row, the finer ones with a key of an indexer beside
it. What is not compressed yet is kept in float32, in blocks of 4 and 8 tokens, for all tokens in flight. Layers of
one kind form a group or several, and every group's blocks are as large as the widest (0.33: models/deepseek_v4/
compressor.py and attention.py, attention/backends/mla/sparse_swa.py, v1/core/kv_cache_planning.py:
_get_packed_kv_cache_groups). 0.26 measured 6.2 GiB for a request of 121,344 tokens of V4-Flash (vllm-project/
vllm#51041).
"""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture
from modelscan.weights.counting.kv_cache import FINE, token_bytes

_TOKENS = 256  # of a block of compressed rows
_WINDOW_TOKENS = 64
_ALIGNED = 576  # the pages of fp8_ds_mla
_INDEX_SCALES = 4  # bytes for 128 numbers in FP8
_FLOAT32 = 4
_KEPT = 2  # what a compressor keeps of a token: values and scores


@dataclass(frozen=True, slots=True)
class Bucket:
    """Layers of one kind: the page of one, the tokens in it, and the window that it keeps; 0 for all."""

    kind: str
    layers: int
    page: int
    block: int
    window: int = 0


def compressed_buckets(shape: Architecture) -> list[Bucket]:
    """What the layers of a model keep, of all of them; none of it is divided by tensor parallelism."""
    layers = shape.num_hidden_layers or 0
    ratios = [ratio for ratio in shape.details["compress_ratios"][:layers] if ratio > 1]
    row = int(token_bytes(shape, 1, 1.0, "sliding"))
    head, index = shape.head_dim or 0, shape.details.get("index_head_dim") or 0
    key = index + index // 128 * _INDEX_SCALES
    rows = 0
    found = [Bucket("sliding", layers, _page(_WINDOW_TOKENS * row), _WINDOW_TOKENS, shape.sliding_window or 0)]
    for ratio in sorted(set(ratios)):
        count, fine = ratios.count(ratio), ratio <= FINE
        rows += count * (_page(_TOKENS // ratio * row) + (_page(_TOKENS // ratio * key) if fine else 0))
        overlapping = 2 if fine else 1
        block, kept = (4, _KEPT * 2 * _FLOAT32) if fine else (8, _KEPT * _FLOAT32)
        page = _page(block * kept * head) + (_page(block * kept * index) if fine else 0)
        found.append(Bucket("compressor", count, page, block, overlapping * ratio))
    return [Bucket("full", 1, rows, _TOKENS), *found]


def groups_of(buckets: list[Bucket]) -> list[int]:
    """Into how many groups each bucket is split: so many layers in each that least is padded, and no fewer than the
    finer layers, whose compressors of rows and of keys stay together.
    """
    split = [bucket.layers for bucket in buckets if bucket.window]
    finest = [bucket.layers for bucket in buckets if bucket.kind == "compressor" and bucket.block < 8]  # noqa: PLR2004
    if not finest:
        return [1] * len(buckets)
    sizes = range(max(finest), max(split) + 1)
    size = min(sizes, key=lambda each: (sum(-layers % each for layers in split), -each))
    return [-(-bucket.layers // size) if bucket.window else 1 for bucket in buckets]


def _page(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
