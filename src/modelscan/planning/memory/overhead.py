"""What a GPU holds beside weights, KV cache and activations: libraries, communication, CUDA graphs."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture
from modelscan.units import MIB
from modelscan.weights.counting.sizes import Sized, within

# Growth outside PyTorch from vLLM's first look at the free memory, which comes after the CUDA context and NCCL's start
# (v1/worker/gpu_worker.py, utils/mem_utils.py): 0.04 to 0.35 GiB on one GPU, 0.1 to 0.55 on several (public logs).
_LIBRARIES = Sized(40 * MIB, 140 * MIB, 400 * MIB)
_ROCM_LIBRARIES = Sized(100 * MIB, 512 * MIB, 1536 * MIB)  # estimated, not measured
_COMMUNICATION = Sized(60 * MIB, 200 * MIB, 600 * MIB)
# One graph of one layer for one batch size: 0.31 GiB for 12 layers and 67 sizes, 0.86 for 32 layers and 67 sizes.
_GRAPH_BYTES = int(0.41 * MIB)
_GRAPH_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class Overhead:
    libraries: Sized
    communication: Sized
    graphs: Sized

    @property
    def each(self) -> tuple[Sized, ...]:
        return self.libraries, self.communication, self.graphs

    @property
    def total(self) -> Sized:
        return self.libraries + self.communication + self.graphs


def gpu_overhead(
    shape: Architecture | None, *, gpus: int = 1, stages: int = 1, captured: int = 0, rocm: bool = False
) -> Overhead:
    """On one of `gpus`; `captured` batch sizes have a graph, none where it is 0."""
    layers = -(-((shape.num_hidden_layers if shape is not None else None) or 32) // stages)
    graphs = within(captured * layers * _GRAPH_BYTES, _GRAPH_SHARE) if captured else Sized(0, 0, 0)
    return Overhead(_ROCM_LIBRARIES if rocm else _LIBRARIES, _COMMUNICATION if gpus > 1 else Sized(0, 0, 0), graphs)
