"""How SGLang divides the memory of a GPU: tokens of its pool, steps, graphs.

It counts single tokens: one pool for layers that see all, one of a fixed share of its tokens for those with a window,
and states first (0.5.23: model_executor/pool_configurator.py, mem_cache/kv_cache_configurator.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelscan.backends.arguments.words import read_arguments
from modelscan.backends.base import Capacity, Cut, Speculation, Steps
from modelscan.backends.capabilities import Estimates
from modelscan.backends.sampling import SAMPLING, SORTED_SAMPLING
from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, Device, Gpu
from modelscan.units import GIB, MIB
from modelscan.weights.counting.kv_cache import (
    cached_kinds,
    encodes_only,
    token_bytes,
)
from modelscan.weights.counting.sizes import Sized

SWA_FULL_TOKENS_RATIO = 0.8  # SGLang 0.5.23: arg_groups/fields/schedule.py


_MAMBA_FULL_MEMORY_RATIO = 0.9  # the same file


@dataclass(frozen=True, slots=True)
class Cells:
    """SGLang's pools: bytes that one token of context costs over all layers, its share of the window's pool included;
    `states` is the share of the pool that states take before it.
    """

    cell_bytes: float
    states: float = 0.0

    def request_bytes(self, context: int, in_flight: int) -> int:  # noqa: ARG002  a step takes no more of it
        return int(context * self.cell_bytes / (1 - self.states)) + 1

    def most_requests(self, pool: int) -> None:
        """It lowers the number by itself to what its pool of states holds."""

    def cut(self, pool: int) -> Cut:
        count = int(pool * (1 - self.states) / self.cell_bytes)
        how = f"{count:,} tokens x {self.cell_bytes:,.0f} B"
        return Cut(pool, how + (f" in {1 - self.states:.0%} of it, states in the rest" if self.states else ""))

    def capacity(self, pool: int, context: int, in_flight: int) -> Capacity:  # noqa: ARG002  a step takes no more of it
        tokens = max(int(pool * (1 - self.states) / self.cell_bytes), 0)
        return Capacity(tokens, tokens / context if context else 0.0)


def sglang_cells(
    shape: Architecture | None,
    *,
    tensor_parallel: int = 1,
    pipeline_parallel: float = 1,
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


# SGLang prints weights as a difference of free memory, in which its first kernels and libraries count: 0.08 GiB.
SGLANG_LOADING = Sized(0, 80 * MIB, 160 * MIB)


_SGLANG_STEPS = (  # below this many GiB: chunked prefill, largest batch captured under and from four GPUs
    (20, 2048, 8, 8),
    (35, 4096, 48, 160),
    (60, 4096, 32, 160),
    (160, 8192, 256, 512),
)


def sglang_steps(
    total_bytes: int | None, *, gpus: int = 1, sequences: int | None = None, tokens: int | None = None
) -> Steps:
    """The defaults of SGLang (0.5.23: arg_groups/memory_hook.py); `tokens` and `sequences` where they are fixed."""
    size = (total_bytes or 0) / GIB
    usual, few, many = next((row[1:] for row in _SGLANG_STEPS if size < row[0]), (16384, 512, 512))
    tokens = tokens or usual
    largest = few if gpus < 4 else many  # noqa: PLR2004  from four GPUs on
    largest = largest if sequences is None else min(largest, sequences)
    return Steps(tokens, largest if sequences is None else sequences, _sglang_sizes(largest))


def _sglang_sizes(largest: int) -> int:
    """1, 2, 4, 8, 12, then every eighth to 256, then every sixteenth."""
    small = sum(1 for size in (1, 2, 4, 8, 12) if size <= largest)
    return small + len(range(16, min(largest, 256) + 1, 8)) + len(range(272, largest + 1, 16))


_OVERHEAD: Mapping[Device, int] = {
    # Resident memory of main process, scheduler and detokenizer with a model of under 1 MB: 677 + 739 + 637 MB
    # (measured, SGLang 0.5.23).
    "cpu": 2053 * MIB,
    # Context and libraries 0.5 GiB; CUDA graphs 0.1 to 3.4 GiB in published logs, 1 GiB typical.
    "cuda": 3 * GIB // 2,
    # Estimated, not measured.
    "rocm": 2 * GIB,
}


_OWN_LAYERS = frozenset({"EAGLE", "NEXTN"})  # without a second model, both are the layers of the model's own


class SglangEstimates(Estimates):
    share_holds_all = False  # activations and graphs live in what it leaves

    def pool(
        self,
        shape: Architecture | None,
        *,
        tensor_parallel: int,
        pipeline_parallel: float,
        number: float,
        drafted: int = 0,  # noqa: ARG002  the states of drafts come out of the share that it keeps for states
    ) -> Cells | None:
        return sglang_cells(shape, tensor_parallel=tensor_parallel, pipeline_parallel=pipeline_parallel, number=number)

    def steps(
        self,
        gpu: Gpu,  # noqa: ARG002  its defaults go by the size alone
        total_bytes: int,
        *,
        tensor_parallel: int,
        sequences: int | None,
        tokens: int | None,
        drafted: int = 0,  # noqa: ARG002  its graphs are counted in requests
    ) -> Steps:
        return sglang_steps(total_bytes, gpus=tensor_parallel, sequences=sequences, tokens=tokens)

    def speculation(self, arguments: Sequence[str]) -> Speculation | None:
        """Of a model's own layers; a second model is not among its arguments (0.5.23: srt/speculative/spec_info.py)."""
        given = {argument.name: argument.values[0] for argument in read_arguments(arguments) if argument.values}
        method = given.get("--speculative-algorithm", "").upper()
        if not method:
            return None
        steps = given.get("--speculative-num-draft-tokens", given.get("--speculative-num-steps", ""))
        return Speculation(
            method=method, tokens=int(steps) if steps.isdecimal() else None, own_layers=method in _OWN_LAYERS
        )

    def sampling_bytes(self, version: str | None, *, on_gpu: bool) -> float:  # noqa: ARG002  the same in all
        return SAMPLING if on_gpu else SORTED_SAMPLING

    def fixed_overhead(self, device: Device) -> int:
        return _OVERHEAD[device]


ESTIMATES = SglangEstimates()
