"""What a pool of KV cache holds, counted as the backend counts it: tokens, and requests of a length at once.

vLLM cuts the pool into blocks that all layers of a group share. Layers are grouped by kind, every group has as many
layers, and a request takes blocks from each group: all of its context, its window and the steps in flight, or a state
(0.32: v1/core/kv_cache_utils.py, v1/kv_cache_interface.py). SGLang counts single tokens: one pool for layers that see
all, one of a fixed share of its tokens for those with a window, and states first
(0.5.23: model_executor/pool_configurator.py, mem_cache/kv_cache_configurator.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from modelscan.model import Architecture
from modelscan.planning.kv_cache import (
    BLOCK_TOKENS,
    cached_kinds,
    encodes_only,
    heard_tokens,
    state_bytes,
    token_bytes,
)

SWA_FULL_TOKENS_RATIO = 0.8  # SGLang 0.5.23: arg_groups/fields/schedule.py
_MAMBA_FULL_MEMORY_RATIO = 0.9  # the same file
_MERGES_BELOW = 1.5  # kinds whose counts differ by less form groups of the larger count, padded
_LATENT_BLOCK = 128  # MLA's kernels beside states: vLLM 0.32, platforms/interface.py
# With prefix caching, which is on where a model also attends, a request keeps a state at the last block's border
# beside its own.
_STATES_PER_REQUEST = 2


@dataclass(frozen=True, slots=True)
class Capacity:
    """`tokens` as the backend's log prints them: for mixed layers vLLM means requests times their length."""

    tokens: int
    concurrency: float


@dataclass(frozen=True, slots=True)
class Group:
    """Layers of one kind that share block tables; `count` groups alike, `block` tokens in one of their blocks."""

    kind: str
    count: int
    block: int


@dataclass(frozen=True, slots=True)
class Blocks:
    """vLLM's pool: bytes of one block over the layers of one group, and the groups that draw from it.

    A request keeps `window` tokens in a group that slides, `heard` in one of cross-attention, `states` states.
    """

    block_bytes: int
    groups: tuple[Group, ...]
    window: int
    heard: int = 0
    states: int = _STATES_PER_REQUEST

    def per_request(self, context: int, in_flight: int) -> int:
        """Blocks of one request; `in_flight` are the tokens that are scheduled and not settled yet."""
        total = 0
        for group in self.groups:
            if group.kind == "linear":
                one = self.states
            elif group.kind == "cross":
                one = -(-self.heard // group.block)
            elif group.kind == "sliding":
                one = -(-min(self.window - 1 + in_flight, context) // group.block) + 1
            else:
                one = -(-context // group.block)
            total += group.count * one
        return total

    def request_bytes(self, context: int, in_flight: int) -> int:
        return self.per_request(context, in_flight) * self.block_bytes

    def capacity(self, pool: int, context: int, in_flight: int) -> Capacity:
        concurrency = (pool // self.block_bytes) / self.per_request(context, in_flight)
        if len(self.groups) == 1 and self.groups[0].kind == "full" and self.groups[0].count == 1:
            return Capacity(pool // self.block_bytes * self.groups[0].block, concurrency)
        return Capacity(int(concurrency * context), concurrency)


def vllm_blocks(
    shape: Architecture | None, *, tensor_parallel: int = 1, pipeline_parallel: int = 1, number: float
) -> Blocks | None:
    """How vLLM lays out the cache of a shape on one GPU; None where it keeps none."""
    if shape is None or encodes_only(shape):
        return None
    kinds = cached_kinds(shape)
    if shape.num_encoder_layers:  # what was heard is kept once more for each layer, in a group of its own
        kinds = {**kinds, "cross": sum(kinds.values())}
    if not kinds:
        return None
    each = {kind: token_bytes(shape, tensor_parallel, number, kind) for kind in kinds if kind != "linear"}
    state = state_bytes(shape, tensor_parallel) if "linear" in kinds else 0.0
    page = max([BLOCK_TOKENS * size for size in each.values()] or [state])
    if each and state > page:  # the attention's block is raised until a state fits into its page
        step = (_LATENT_BLOCK if shape.kv_lora_rank else BLOCK_TOKENS) * max(each.values())
        page = -(-state // step) * step
    fewest, most = min(kinds.values()), max(kinds.values())
    size = most if most < fewest * _MERGES_BELOW else fewest
    groups = tuple(
        Group(kind, -(-layers // size), max(int(page / each[kind]), 1) if kind in each else 1)
        for kind, layers in kinds.items()
    )
    return Blocks(
        max(int(page * size / pipeline_parallel), 1),
        groups,
        shape.sliding_window or 0,
        heard_tokens(shape),
        _STATES_PER_REQUEST if each else 1,
    )


@dataclass(frozen=True, slots=True)
class Cells:
    """SGLang's pools: bytes that one token of context costs over all layers, its share of the window's pool included;
    `states` is the share of the pool that states take before it.
    """

    cell_bytes: float
    states: float = 0.0

    def request_bytes(self, context: int, in_flight: int) -> int:  # noqa: ARG002  as Blocks
        return int(context * self.cell_bytes / (1 - self.states)) + 1

    def capacity(self, pool: int, context: int, in_flight: int) -> Capacity:  # noqa: ARG002  as Blocks
        tokens = max(int(pool * (1 - self.states) / self.cell_bytes), 0)
        return Capacity(tokens, tokens / context if context else 0.0)


def sglang_cells(
    shape: Architecture | None,
    *,
    tensor_parallel: int = 1,
    pipeline_parallel: int = 1,
    number: float,
    window_share: float = SWA_FULL_TOKENS_RATIO,
) -> Cells | None:
    """SGLang's tokens on one GPU; `window_share` is `--swa-full-tokens-ratio`. None where no cache is kept."""
    if shape is None or encodes_only(shape):
        return None
    kinds = cached_kinds(shape)
    full = kinds.get("full", 0) * token_bytes(shape, tensor_parallel, number)
    sliding = kinds.get("sliding", 0) * token_bytes(shape, tensor_parallel, number, "sliding")
    cell = full + window_share * sliding if full else sliding
    if not cell:
        return None
    states = _MAMBA_FULL_MEMORY_RATIO / (1 + _MAMBA_FULL_MEMORY_RATIO) if kinds.get("linear") else 0.0
    return Cells(cell / pipeline_parallel, states)


def cache_layout(
    backend: str, shape: Architecture | None, *, tensor_parallel: int, pipeline_parallel: int, number: float
) -> Blocks | Cells | None:
    """The pool of a backend. `number` is the size of one number in it."""
    make = sglang_cells if backend == "sglang" else vllm_blocks
    return make(shape, tensor_parallel=tensor_parallel, pipeline_parallel=pipeline_parallel, number=number)
