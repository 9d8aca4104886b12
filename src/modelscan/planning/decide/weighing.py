"""When a backend that can use the host's memory is weighed beside the one that is taken first, and how it compares."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.backends.registry import BACKENDS
from modelscan.model import Architecture, Candidate, Gpu, Rejection
from modelscan.planning.decide.pace import Ranked
from modelscan.planning.options.context import USEFUL_CONTEXT
from modelscan.units import format_bytes

_SHORT = 4  # places of a candidate begin here whose context is not enough (twice two for each halving)
# A part in the host's memory makes an answer several times as slow: as bad as a context a half or a quarter as long.
_HALVED, _QUARTERED = 2, 4
_READABLE = 15.0  # tokens a second
_NOT_THERE = frozenset({"no_kernel", "no_backend", "driver_too_old"})


def reason_to_weigh(
    other: str,
    first: str,
    devices: Sequence[Gpu],
    fitting: Sequence[Ranked],
    rejected: Sequence[Rejection],
    wanted: str | None,
) -> str | None:
    """In words; None where the first one has a plan with a useful context on GPUs. `wanted` is the quantization that
    was asked for.
    """
    title = BACKENDS[first].title
    if not fitting and wanted is not None and not any(item.needed_bytes for item in rejected):
        return f"{other}, which reads weights in {wanted}"
    if not fitting:
        nearest = min(rejected, key=_shortage, default=None)
        return f"{other}, because {title} {_refusal(nearest)}"
    if not devices:
        return f"{other}, which reads smaller formats on a CPU than {title}"
    longest = max(map(_length, fitting))
    if longest < USEFUL_CONTEXT and all(place >= _SHORT for place, _, _ in fitting):
        return f"{other}, because {title} has room for a context of {longest:,} tokens only"
    return None


def reason_without_length(other: str, first: str, more: Sequence[Ranked], fitting: Sequence[Ranked]) -> str | None:
    """In words, what is left for one that was weighed for a longer context and has none; None where it has."""
    if not fitting or not more or max(_length(item) for item in more) > max(_length(item) for item in fitting):
        return None
    return f"{other}, because {BACKENDS[first].title} holds no longer context, and needs more memory for it"


def _length(item: Ranked) -> int:
    return item[2].max_model_len or 0


def _refusal(nearest: Rejection | None) -> str:
    if nearest is None:
        return "has no weights for this"
    if nearest.needed_bytes is None or nearest.available_bytes is None:
        return f"cannot: {nearest.reason}"
    where = (
        "of the host" if not nearest.gpu_indices else "of the GPU" if len(nearest.gpu_indices) == 1 else "of each GPU"
    )
    needed, there = format_bytes(nearest.needed_bytes), format_bytes(nearest.available_bytes)
    return f"needs {needed} {where} for {nearest.quantization}, and {there} may be used"


def with_others_weighed(fitting: Sequence[Ranked]) -> list[Ranked]:
    """On a CPU the choice says what another backend would give, where it is not the choice itself."""
    if not fitting or fitting[0][2].gpu_indices:
        return list(fitting)
    place, rank, first = fitting[0]
    other = next((item for _, _, item in fitting if item.backend != first.backend and item.offload is not None), None)
    speed = other.estimated.decode_tokens_per_second if other is not None else None
    if other is None or speed is None or any(reason.startswith("pace: ") for reason in first.reasons):
        return list(fitting)
    why = f"weighed: {other.backend} in {other.quantization} would give about {speed:.1f} tokens/s"
    return [(place, rank, dataclasses.replace(first, reasons=(*first.reasons, why))), *fitting[1:]]


def reason_without_gpu(rejected: Sequence[Rejection]) -> str | None:
    """Why no GPU of a machine can be used; None where that is not it."""
    if not rejected or any(item.code not in _NOT_THERE for item in rejected):
        return None
    return rejected[-1].reason


def slowed(candidate: Candidate, shape: Architecture | None) -> int:
    """What a part in the host's memory costs beside GPUs, in halves of a halved context."""
    offload = candidate.offload
    layers = (shape.num_hidden_layers or 0) if shape is not None else 0
    if offload is None or not offload.gpu_layers or (offload.gpu_layers > layers and not offload.host_expert_layers):
        return 0
    return _HALVED if (candidate.estimated.decode_tokens_per_second or 0) >= _READABLE else _QUARTERED


def _shortage(rejection: Rejection) -> int:
    return (rejection.needed_bytes or 0) - (rejection.available_bytes or 0)
