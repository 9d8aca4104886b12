# ruff: noqa: ARG002  a toy needs little of what it is told
"""What the toy takes: 64 KiB for each token of context, and a megabyte beside it."""

from __future__ import annotations

from modelscan.backends.base import Capacity, Cut, Steps
from modelscan.backends.capabilities import Estimates, Pool
from modelscan.model import Architecture, Device, Gpu
from modelscan.units import KIB, MIB

TOKEN = 64 * KIB


class Pile:
    def request_bytes(self, context: int, in_flight: int) -> int:
        return context * TOKEN

    def capacity(self, pool: int, context: int, in_flight: int) -> Capacity:
        return Capacity(pool // TOKEN, pool / TOKEN / context)

    def cut(self, pool: int) -> Cut:
        return Cut(pool // TOKEN * TOKEN, f"{pool // TOKEN:,} tokens x 64 KiB")


class ToyEstimates(Estimates):
    def pool(
        self,
        shape: Architecture | None,
        *,
        tensor_parallel: int,
        pipeline_parallel: float,
        number: float,
        drafted: int = 0,
    ) -> Pool | None:
        return Pile()

    def steps(
        self,
        gpu: Gpu,
        total_bytes: int,
        *,
        tensor_parallel: int,
        sequences: int | None,
        tokens: int | None,
        drafted: int = 0,
    ) -> Steps:
        return Steps(tokens or 512, sequences or 1, 0)

    def sampling_bytes(self, version: str | None, *, on_gpu: bool) -> float:
        return 4.0

    def fixed_overhead(self, device: Device) -> int:
        return MIB


ESTIMATES = ToyEstimates()
