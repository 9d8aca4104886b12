"""How much a backend does in one step where nobody says: its defaults, which depend on the GPU."""

from __future__ import annotations

from dataclasses import dataclass

from modelscan.units import GIB

CPU_STEP_TOKENS = 4096  # more than the API server's 2048, as much as a script's: the memory is the host's
_BLACKWELL = 10.0
_SGLANG_STEPS = (  # below this many GiB: chunked prefill, largest batch captured under and from four GPUs
    (20, 2048, 8, 8),
    (35, 4096, 48, 160),
    (60, 4096, 32, 160),
    (160, 8192, 256, 512),
)


@dataclass(frozen=True, slots=True)
class Steps:
    """`tokens` in a prefill step, `sequences` at once, `captured` the number of batch sizes with a CUDA graph."""

    tokens: int
    sequences: int
    captured: int


def vllm_steps(
    total_bytes: int | None,
    name: str | None = None,
    *,
    sequences: int | None = None,
    capability: float | None = None,
    tokens: int | None = None,
) -> Steps:
    """The defaults of vLLM's API server on a GPU (0.32: engine/arg_utils.py, get_batch_defaults; config/vllm.py).

    `tokens` and `sequences` where they are fixed.
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
    return Steps(tokens, sequences, _vllm_sizes(min(2 * sequences, largest, tokens)))


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


def _vllm_sizes(largest: int) -> int:
    """1, 2, 4, then every eighth below 256, then every sixteenth."""
    small = sum(1 for size in (1, 2, 4) if size <= largest)
    return small + len(range(8, min(largest + 1, 256), 8)) + len(range(256, largest + 1, 16))


def _sglang_sizes(largest: int) -> int:
    """1, 2, 4, 8, 12, then every eighth to 256, then every sixteenth."""
    small = sum(1 for size in (1, 2, 4, 8, 12) if size <= largest)
    return small + len(range(16, min(largest, 256) + 1, 8)) + len(range(272, largest + 1, 16))
