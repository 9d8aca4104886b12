"""What a GPU holds beside weights, KV cache and activations: libraries, communication, CUDA graphs."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, Gpu
from modelscan.units import MIB
from modelscan.weights.counting.kv_cache import cached_kinds
from modelscan.weights.counting.sizes import Sized, within

# Growth outside PyTorch from vLLM's first look at the free memory, which comes after the CUDA context and NCCL's start
# (v1/worker/gpu_worker.py, utils/mem_utils.py): 0.04 to 0.35 GiB on one GPU, 0.1 to 0.55 on several (public logs).
_LIBRARIES = Sized(40 * MIB, 140 * MIB, 400 * MIB)
_ROCM_LIBRARIES = Sized(100 * MIB, 512 * MIB, 1536 * MIB)  # estimated, not measured
_COMMUNICATION = Sized(60 * MIB, 200 * MIB, 600 * MIB)
# One graph of one layer for one batch size: 0.31 GiB for 12 layers and 67 sizes, 0.86 for 32 layers and 67 sizes.
_GRAPH_BYTES = int(0.41 * MIB)
_GRAPH_SHARE = 0.6
# Where layers keep a state, each further graph of a whole step is charged this much besides: the second that is tried
# counts for all that follow (v1/worker/gpu_model_runner.py, profile_cudagraph_memory). 51 sizes and 35 whole steps took
# 0.8 to 1.6 GiB where other models take 0.55: 24 MiB each (vllm-project/vllm#50780). On sm_120 it is several times as
# much: 939 and 556 blocks were left on a card of 96 GB with 51 (vllm-project/recipes#831), and a card of 32 GB ran out
# of memory while they were tried (vllm-project/recipes#810).
_WHOLE_STEP = 24 * MIB
_WHOLE_STEP_ON = {"12.0": 128 * MIB}


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
    shape: Architecture | None,
    *,
    gpus: int = 1,
    stages: int = 1,
    captured: int = 0,
    whole: int = 0,
    gpu: Gpu | None = None,
) -> Overhead:
    """On `gpu`, one of `gpus`; `captured` batch sizes have a graph of each layer, `whole` of them one of all layers."""
    layers = -(-((shape.num_hidden_layers if shape is not None else None) or 32) // stages)
    size = captured * layers * _GRAPH_BYTES
    if shape is not None and cached_kinds(shape).get("linear"):
        capability = gpu.compute_capability if gpu is not None else None
        size += max(whole - 1, 0) * _WHOLE_STEP_ON.get(capability or "", _WHOLE_STEP) // stages
    libraries = _ROCM_LIBRARIES if gpu is not None and gpu.vendor == "amd" else _LIBRARIES
    return Overhead(
        libraries,
        _COMMUNICATION if gpus > 1 else Sized(0, 0, 0),
        within(size, _GRAPH_SHARE) if size else Sized(0, 0, 0),
    )
