"""The context length: the requested one, else a long one that takes the place of no other request."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable

from modelscan.model import Architecture, PlanRequest

_STEPS = (1048576, 524288, 262144, 131072, 65536, 32768, 16384, 8192, 4096, 2048, 1024, 512, 256)
_USEFUL_REQUESTS = 2
# What agents, retrieval and reasoning need: shorter ones are taken only where no format, KV cache or number of GPUs
# holds this. A judgement; recipes of reasoning models start at 32k.
USEFUL_CONTEXT = 32768
CPU_LONGEST = 8192  # prefill of more takes minutes on a CPU
UNKNOWN_LIMIT = 4096  # what is planned where no shape says how long a context can be
_FINE = 1024  # the steps in which the longest context is searched


def model_limit(shape: Architecture | None) -> int | None:
    """The longest context of the model itself, None where its shape does not say."""
    return shape.context_limit if shape is not None else None


def wanted_lengths(shape: Architecture | None, request: PlanRequest, *, on_gpu: bool) -> list[int]:
    """Lengths to try, the longest first; only one where the user fixed it, fine steps where it is the longest."""
    limit = model_limit(shape) or UNKNOWN_LIMIT
    if isinstance(request.context_length, int):
        return [request.context_length]
    if request.context_length == "max":
        steps = [*range(limit - limit % _FINE, _FINE, -_FINE), *(step for step in _STEPS if step <= _FINE)]
        return [limit, *(step for step in steps if step < limit)]
    longest = limit if on_gpu else min(limit, CPU_LONGEST)
    return [longest, *(step for step in _STEPS if step < longest)]


def goal(shape: Architecture | None, request: PlanRequest, *, on_gpu: bool) -> int:
    """The length that is enough: where it is reached, fewer GPUs and better formats count for more."""
    lengths = wanted_lengths(shape, request, on_gpu=on_gpu)
    return lengths[0] if request.context_length is not None else min(USEFUL_CONTEXT, lengths[0])


def shortfall(length: int | None, enough: int) -> int:
    """How often a length must be doubled to be enough; 0 where the backend chooses it."""
    return 0 if length is None or length >= enough else math.ceil(math.log2(enough / max(length, 1)))


def choose_length(lengths: list[int], pool: int, enough: int, request_bytes: Callable[[int], int]) -> int | None:
    """The longest length that the pool holds; one beyond `enough` only where as many requests of it fit as of that, or
    two of them. None where none fits.
    """
    one = request_bytes(enough)
    held = max(min(pool // one, _USEFUL_REQUESTS), 1) if one else _USEFUL_REQUESTS

    def needed(length: int) -> int:
        return request_bytes(length) * (held if length > enough else 1)

    rising = lengths[::-1]
    place = bisect_right(rising, pool, key=needed)
    return rising[place - 1] if place else None
