"""How vLLM divides the memory of a GPU: blocks of its pool, steps, graphs, sampling.

It cuts the pool into blocks that all layers of a group share. Layers are grouped by kind, every group has as many
layers, and a request takes blocks from each group: all of its context, its window and the steps in flight, or a state
(0.32: v1/core/kv_cache_utils.py, v1/kv_cache_interface.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelscan.backends.base import Capacity, Cut, Speculation, Steps
from modelscan.backends.capabilities import Estimates
from modelscan.backends.sampling import SAMPLING, SORTED_SAMPLING
from modelscan.backends.vllm.compressed import compressed_buckets, groups_of
from modelscan.backends.vllm.speculation import speculation
from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, Device, Gpu
from modelscan.units import GIB, MIB, format_bytes
from modelscan.weights.counting.kv_cache import (
    BLOCK_TOKENS,
    cached_kinds,
    encodes_only,
    heard_tokens,
    state_bytes,
    token_bytes,
)

# The kernels of FlashInfer and Triton are vLLM's on GPUs since this version.
_OWN_SAMPLER = (0, 17)


_MERGES_BELOW = 1.5  # kinds whose counts differ by less form groups of the larger count, padded


_LATENT_BLOCK = 128  # MLA's kernels beside states: vLLM 0.32, platforms/interface.py


# With prefix caching, which is on where a model also attends, a request keeps a state at the last block's border
# beside its own.
_STATES_PER_REQUEST = 2


@dataclass(frozen=True, slots=True)
class Group:
    """Layers of one kind that share block tables; `count` groups alike, `block` tokens in one of their blocks.

    `window` where it is not the model's own.
    """

    kind: str
    count: int
    block: int
    window: int = 0


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
            elif group.kind in {"sliding", "compressor"}:
                window = group.window or self.window
                one = -(-min(window - 1 + in_flight, context) // group.block) + 1
            else:
                one = -(-context // group.block)
            total += group.count * one
        return total

    def request_bytes(self, context: int, in_flight: int) -> int:
        return self.per_request(context, in_flight) * self.block_bytes

    def most_requests(self, pool: int) -> int | None:
        """Where layers keep a state, a block for each request of the largest captured batch
        (0.33: config/compilation.py).
        """
        return pool // self.block_bytes if any(group.kind == "linear" for group in self.groups) else None

    def cut(self, pool: int) -> Cut:
        count = pool // self.block_bytes
        sizes = " and ".join(dict.fromkeys(str(group.block) for group in self.groups if group.kind != "linear"))
        how = f"{count:,} blocks x {format_bytes(self.block_bytes)}"
        how += f", {sizes} tokens a block" if sizes else ""
        if len(self.groups) > 1 or self.groups[0].count > 1:
            kinds = ", ".join(f"{group.count} x {group.kind}" for group in self.groups)
            how += f", groups of layers: {kinds}"
        return Cut(count * self.block_bytes, how)

    def capacity(self, pool: int, context: int, in_flight: int) -> Capacity:
        concurrency = (pool // self.block_bytes) / self.per_request(context, in_flight)
        if len(self.groups) == 1 and self.groups[0].kind == "full" and self.groups[0].count == 1:
            return Capacity(pool // self.block_bytes * self.groups[0].block, concurrency)
        return Capacity(int(concurrency * context), concurrency)


def vllm_blocks(
    shape: Architecture | None,
    *,
    tensor_parallel: int = 1,
    pipeline_parallel: float = 1,
    number: float,
    drafted: int = 0,
) -> Blocks | None:
    """How vLLM lays out the cache of a shape on one GPU; None where it keeps none.

    With `drafted` tokens a step, a request keeps a state before each of them, to go back to where a draft is refused
    (0.33: v1/kv_cache_interface.py, MambaSpec.num_speculative_blocks).
    """
    if shape is None or encodes_only(shape):
        return None
    if shape.details.get("compress_ratios"):
        return _compressed(shape, pipeline_parallel)
    kinds = cached_kinds(shape)
    if shape.num_encoder_layers:  # what was heard is kept once more for each layer, in a group of its own
        kinds = {**kinds, "cross": sum(kinds.values())}
    if not kinds:
        return None
    each = {kind: token_bytes(shape, tensor_parallel, number, kind) for kind in kinds if kind != "linear"}
    state = state_bytes(shape, tensor_parallel, drafted) if "linear" in kinds else 0.0
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
        (_STATES_PER_REQUEST if each else 1) + drafted,
    )


def _compressed(shape: Architecture, pipeline_parallel: float) -> Blocks:
    buckets = compressed_buckets(shape)
    counts = groups_of(buckets)
    widest = max(-(-bucket.layers // count) * bucket.page for bucket, count in zip(buckets, counts, strict=True))
    groups = (
        Group(bucket.kind, count, bucket.block, bucket.window) for bucket, count in zip(buckets, counts, strict=True)
    )
    return Blocks(max(int(widest / pipeline_parallel), 1), tuple(groups), shape.sliding_window or 0)


_BLACKWELL = 10.0


def vllm_steps(
    total_bytes: int | None,
    name: str | None = None,
    *,
    sequences: int | None = None,
    capability: float | None = None,
    tokens: int | None = None,
    drafted: int = 0,
) -> Steps:
    """The defaults of vLLM's API server on a GPU (0.32: engine/arg_utils.py, get_batch_defaults; config/vllm.py).

    `tokens` and `sequences` where they are fixed. With each sequence come the tokens that are `drafted` for it.
    """
    size = (total_bytes or 0) / GIB
    if size >= 160:  # noqa: PLR2004  the bounds of the backend's own table
        usual, most = 16384, 1024
    elif size >= 70 and "a100" not in (name or "").lower():  # noqa: PLR2004
        usual, most = 8192, 1024
    else:
        usual, most = 2048, 256
    tokens = tokens or usual
    sequences = min(most, tokens) if sequences is None else sequences
    largest = 1024 if capability is not None and _BLACKWELL <= capability < _BLACKWELL + 1 else 512
    captured = _vllm_sizes(min(2 * sequences * (1 + drafted), largest, tokens))
    if drafted:
        # The dummy run of a start samples for each sequence and for one draft of it (v1/worker/gpu_model_runner.py);
        # most kernels of attention have no graph of a whole step with drafts.
        return Steps(tokens, 2 * sequences, captured)
    return Steps(tokens, sequences, captured, _vllm_sizes(min(sequences, largest, tokens)))


def _vllm_sizes(largest: int) -> int:
    """1, 2, 4, then every eighth below 256, then every sixteenth."""
    small = sum(1 for size in (1, 2, 4) if size <= largest)
    return small + len(range(8, min(largest + 1, 256), 8)) + len(range(256, largest + 1, 16))


_OVERHEAD: Mapping[Device, int] = {
    # Resident memory of API server, EngineCore and worker after a few answers: 558 + 518 + 637 MiB, of which 62 MiB
    # were weights and KV cache (measured, vLLM 0.32.0 CPU build with --enforce-eager; compiled, 70 MiB more).
    "cpu": 1720 * MIB,
    # Context, libraries and NCCL of one worker up to 0.35 GiB, CUDA graphs up to 0.65 GiB (logs of vLLM V1, TP 1).
    "cuda": 1 * GIB,
    # The same with ROCm's larger context; estimated, not measured.
    "rocm": 3 * GIB // 2,
}


class VllmEstimates(Estimates):
    share_holds_all = True
    sequences_within_step = True  # it ends a start with more (0.33: config/scheduler.py)

    def pool(
        self,
        shape: Architecture | None,
        *,
        tensor_parallel: int,
        pipeline_parallel: float,
        number: float,
        drafted: int = 0,
    ) -> Blocks | None:
        return vllm_blocks(
            shape,
            tensor_parallel=tensor_parallel,
            pipeline_parallel=pipeline_parallel,
            number=number,
            drafted=drafted,
        )

    def speculation(self, arguments: Sequence[str]) -> Speculation | None:
        return speculation(arguments)

    def steps(
        self,
        gpu: Gpu,
        total_bytes: int,
        *,
        tensor_parallel: int,  # noqa: ARG002  its defaults are the same however many GPUs divide it
        sequences: int | None,
        tokens: int | None,
        drafted: int = 0,
    ) -> Steps:
        capability = float(gpu.compute_capability) if gpu.compute_capability else None
        return vllm_steps(
            total_bytes, gpu.name, sequences=sequences, capability=capability, tokens=tokens, drafted=drafted
        )

    def sampling_bytes(self, version: str | None, *, on_gpu: bool) -> float:
        """A version that is not known is taken as a new one."""
        numbers = [int(part) for part in (version or "").split(".")[:2] if part.isdecimal()]
        old = len(numbers) == len(_OWN_SAMPLER) and tuple(numbers) < _OWN_SAMPLER
        return SAMPLING if on_gpu and not old else SORTED_SAMPLING

    def fixed_overhead(self, device: Device) -> int:
        return _OVERHEAD[device]


ESTIMATES = VllmEstimates()
