"""Measured figures in place of estimates: what the same weights took before, on the same backend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelscan.dataclasses import dataclass
from modelscan.model import Measurement
from modelscan.weights.counting.sizes import Sized, within

_AGAIN = 0.005  # two identical starts differ by rounding and by what autotuning leaves behind
_REST_AGAIN = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """What is about to start, keyed like a measurement. `usable_bytes` is the GPU's total as CUDA reports it."""

    repo_id: str
    revision: str | None
    quantization: str | None
    backend: str
    backend_version: str | None
    gpu_name: str | None
    tensor_parallel: int
    pipeline_parallel: int
    max_num_seqs: int | None
    kv_cache_dtype: str | None
    enforce_eager: bool
    speculative: Mapping[str, object] | None
    usable_bytes: int


def measured_weights(start: Start, measurements: Sequence[Measurement]) -> Measurement | None:
    """The newest measurement of the same weights, split alike, on the same backend; its version may differ."""
    fits = [item for item in measurements if item.weights_bytes and _same_weights(start, item)]
    return next((item for item in fits if item.backend_version == start.backend_version), next(iter(fits), None))


def correct_weights(estimate: Sized, start: Start, measurements: Sequence[Measurement]) -> Sized:
    """The measured weights where there are any, else the estimate."""
    found = measured_weights(start, measurements)
    return estimate if found is None or not found.weights_bytes else within(found.weights_bytes, _AGAIN)


def measured_rest(start: Start, measurements: Sequence[Measurement]) -> Sized | None:
    """What activations, libraries and graphs took together, when it ran so before on such a GPU: the backend's share
    less weights and KV cache. Only for one whose share holds them.
    """
    for item in measurements:
        if not _same_weights(start, item) or not _same_run(start, item):
            continue
        if item.weights_bytes and item.kv_cache_bytes and item.gpu_memory_utilization:
            rest = int(start.usable_bytes * item.gpu_memory_utilization) - item.weights_bytes - item.kv_cache_bytes
            if rest > 0:
                return within(rest, _REST_AGAIN)
    return None


def _same_weights(start: Start, item: Measurement) -> bool:
    return (
        (item.repo_id, item.quantization, item.backend) == (start.repo_id, start.quantization, start.backend)
        and (item.tensor_parallel, item.pipeline_parallel) == (start.tensor_parallel, start.pipeline_parallel)
        and (item.revision is None or start.revision is None or item.revision == start.revision)
        and _method(item.speculative) == _method(start.speculative)
    )


def _method(speculative: Mapping[str, object] | None) -> object:
    """What drafts is loaded with the weights, whatever it drafts."""
    return speculative.get("method") if speculative else None


def _same_run(start: Start, item: Measurement) -> bool:
    return (
        item.gpu_name is not None
        and (item.gpu_name, item.backend_version) == (start.gpu_name, start.backend_version)
        and (item.max_num_seqs, item.kv_cache_dtype) == (start.max_num_seqs, start.kv_cache_dtype)
        and (item.enforce_eager, item.speculative) == (start.enforce_eager, start.speculative)
    )
