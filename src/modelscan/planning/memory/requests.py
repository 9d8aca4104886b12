"""What requests take of the KV cache of one device."""

from __future__ import annotations

from modelscan.backends.base import Capacity
from modelscan.backends.capabilities import Pool
from modelscan.dataclasses import dataclass
from modelscan.model import Architecture
from modelscan.planning.memory.footprint import Fixed
from modelscan.weights.counting.kv_cache import request_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Requests:
    """`number` is the size of a cached number, `in_flight` are the tokens that are scheduled and not settled yet;
    `cache` is None where the model keeps none.
    """

    shape: Architecture | None
    cache: Pool | None
    tensor_parallel: int
    pipeline_parallel: float
    number: float
    in_flight: int

    def one(self, length: int) -> int:
        """Bytes of one, as the backend cuts its pool, and at least what keys and values take."""
        least = request_bytes(
            self.shape,
            length,
            tensor_parallel=self.tensor_parallel,
            pipeline_parallel=self.pipeline_parallel,
            number=self.number,
        )
        if self.cache is None or not least:
            return least
        return max(least, self.cache.request_bytes(length, self.in_flight))

    def in_pool(self, pool: int, length: int) -> Capacity | None:
        return (
            self.cache.capacity(pool, length, self.in_flight) if self.cache is not None and self.one(length) else None
        )

    def most(self, fixed: Fixed, pool: int) -> int | None:
        """How many a start allows; None where nothing bounds them."""
        return self.cache.most_requests(pool) if self.cache is not None and fixed.steps.captured and pool > 0 else None

    def used(self, sequences: int, length: int, *, pooling: bool) -> int:
        """The KV cache that can be used: by as many full-length requests; where a prompt is all, by one beside those
        that fill the steps in flight, as each gives its blocks back when it has been read (0.33:
        v1/core/sched/scheduler.py).
        """
        one = self.one(length)
        if pooling and self.cache is not None and one:
            return one + min(self.cache.request_bytes(self.in_flight, self.in_flight), (sequences - 1) * one)
        return sequences * one
