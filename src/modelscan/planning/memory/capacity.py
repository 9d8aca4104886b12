"""What a pool of KV cache holds, counted as the backend counts it: tokens, and requests of a length at once.

vLLM cuts the pool into blocks that all layers of a group share. Layers are grouped by kind, every group has as many
layers, and a request takes blocks from each group: all of its context, its window and the steps in flight, or a state
(0.32: v1/core/kv_cache_utils.py, v1/kv_cache_interface.py). SGLang counts single tokens: one pool for layers that see
all, one of a fixed share of its tokens for those with a window, and states first
(0.5.23: model_executor/pool_configurator.py, mem_cache/kv_cache_configurator.py).
"""

from __future__ import annotations

from modelscan.backends.sglang.estimates import Cells, sglang_cells
from modelscan.backends.vllm.estimates import Blocks, vllm_blocks
from modelscan.model import Architecture


def cache_layout(
    backend: str, shape: Architecture | None, *, tensor_parallel: int, pipeline_parallel: int, number: float
) -> Blocks | Cells | None:
    """The pool of a backend. `number` is the size of one number in it."""
    make = sglang_cells if backend == "sglang" else vllm_blocks
    return make(shape, tensor_parallel=tensor_parallel, pipeline_parallel=pipeline_parallel, number=number)
