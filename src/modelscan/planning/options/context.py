"""The context length: the requested one, else the longest that leaves room for more than one request."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.model import Architecture, PlanRequest

_STEPS = (1048576, 524288, 262144, 131072, 65536, 32768, 16384, 8192, 4096, 2048, 1024, 512, 256)
_USEFUL_REQUESTS = 2
USEFUL_CONTEXT = 8192  # shorter ones are taken only when nothing else fits
CPU_LONGEST = 8192  # prefill of more takes minutes on a CPU
UNKNOWN_LIMIT = 4096  # what is planned where no shape says how long a context can be


def model_limit(shape: Architecture | None) -> int | None:
    """The longest context of the model itself, None where its shape does not say."""
    if shape is None or shape.max_position_embeddings is None:
        return None
    return shape.max_position_embeddings - shape.family.unused_positions


def wanted_lengths(shape: Architecture | None, request: PlanRequest, *, on_gpu: bool) -> list[int]:
    """Lengths to try, the longest first; one only where the user fixed it."""
    limit = model_limit(shape)
    if request.context_length == "max":
        return [limit or UNKNOWN_LIMIT]
    if request.context_length is not None:
        return [request.context_length]
    longest = limit or UNKNOWN_LIMIT
    if not on_gpu:
        longest = min(longest, CPU_LONGEST)
    return [longest, *(step for step in _STEPS if step < longest)]


def choose_length(lengths: list[int], pool: int, request_bytes: Callable[[int], int]) -> int | None:
    """The longest length of which the pool holds two requests; one request is enough for short lengths and for a fixed
    one. None where none fits.
    """
    useful = lengths[0] if len(lengths) == 1 else USEFUL_CONTEXT
    for length in lengths:
        if request_bytes(length) * (_USEFUL_REQUESTS if length > useful else 1) <= pool:
            return length
    return None
