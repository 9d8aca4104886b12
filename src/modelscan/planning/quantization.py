"""In which formats weights can be run on a device, and in which order a specialist would take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelscan.model import Device, Gpu, Mode, PlanRequest, WeightsDescription
from modelscan.planning.facts import PlanningFacts

SIXTEEN_BIT = frozenset({"BF16", "FP16"})
_SMALL_SHARE = 0.25  # of a GPU: where 16-bit weights take no more, nothing is gained by shrinking them
_FORMATS = {"AWQ": "awq", "GPTQ": "gptq"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Weights in a format on a device. `at_load` is the backend's word for quantizing while loading.

    `problem` says why it cannot run, else None; `rank` orders those that can, the best first.
    """

    weights: WeightsDescription
    quantization: str
    dtype: str
    at_load: str | None = None
    rank: int = 0
    reason: str = ""
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sight:
    """What the place of a format depends on: how this GPU runs it, where it comes from, what is favoured."""

    native: bool
    small: bool
    at_load: str | None
    release: bool
    mode: Mode | None
    gpu: Gpu | None


def choices(
    weights: WeightsDescription,
    *,
    backend: str,
    device: Device,
    gpu: Gpu | None,
    gpu_bytes: int | None,
    release: bool,
    sixteen_bit_bytes: int | None,
    request: PlanRequest,
    facts: PlanningFacts,
) -> Iterator[Choice]:
    """Every way to run these weights, those that cannot included.

    `release`: these are the weights that the model was released as, not a quantization made of them.
    `sixteen_bit_bytes`: the weights in 16 bit; `gpu_bytes`: what one GPU has. Both may be unknown.
    """
    own = own_quantization(weights)
    if device == "cpu":
        words = [own] if own not in {*SIXTEEN_BIT, "FP32"} else ["FP32", own if own != "FP32" else "BF16"]
    elif own in SIXTEEN_BIT or own == "FP32":
        words = [own if own in SIXTEEN_BIT else "BF16", "FP8"]
        if request.quantization == "FP32":
            words.append("FP32")
    else:
        words = [own]
    small = gpu_bytes is not None and sixteen_bit_bytes is not None and sixteen_bit_bytes <= gpu_bytes * _SMALL_SHARE
    for word in words:
        kernel = facts.kernel(backend, device, word)
        at_load = kernel.at_load if kernel is not None and word != own and word == "FP8" else None
        problem = None
        if kernel is None:
            problem = f"{backend} has no kernels for {word} on this kind of device"
        elif not kernel.runs_on(gpu):
            problem = f"{backend} has no {word} kernels for {_named(gpu)}"
        elif word == "FP8" and own in SIXTEEN_BIT and at_load is None:
            problem = f"{backend} cannot quantize to FP8 while loading on this kind of device"
        native = kernel is not None and kernel.native_on(gpu)
        sight = _Sight(native=native, small=small, at_load=at_load, release=release, mode=request.mode, gpu=gpu)
        rank, reason = _rank(word, own, sight)
        yield Choice(
            weights=weights,
            quantization=word,
            dtype=_dtype(word, own, gpu, request),
            at_load=at_load,
            rank=rank,
            reason=reason,
            problem=problem,
        )


def own_quantization(weights: WeightsDescription) -> str:
    """The format of the files; BF16 where nothing says otherwise, as nearly all releases are."""
    word = (weights.quantization or "BF16").upper()
    return {"AWQ": "INT4", "GPTQ": "INT4", "FLOAT16": "FP16", "BFLOAT16": "BF16", "FLOAT32": "FP32"}.get(word, word)


def answers(choice: Choice, wanted: str | None) -> bool:
    """Whether a choice is what the user asked for; AWQ and GPTQ are INT4 in those formats."""
    if wanted is None:
        return True
    if wanted in _FORMATS:
        return choice.quantization == "INT4" and (choice.weights.format or "").lower().startswith(_FORMATS[wanted])
    return choice.quantization == wanted


def _rank(word: str, own: str, sight: _Sight) -> tuple[int, str]:
    """The place of a format among the others, and the sentence that says why."""
    on = _named(sight.gpu)
    if sight.gpu is None:
        reason = "float32: on the CPU a 16-bit type gave a small model's plain answers wrong, float32 right"
        return (0, reason) if word == "FP32" else (1 if word in SIXTEEN_BIT else 2, f"{word}, as the files are")
    if word == "FP8":
        return _rank_fp8(sight, on)
    if word in SIXTEEN_BIT:
        if sight.small and sight.mode != "throughput":
            return 2, f"{word}: the weights take at most a quarter of the GPU, so nothing is gained by shrinking them"
        return 5, f"{word}, as the files are" if word == own else word
    if word == "FP32":
        return 9, "float32, as asked"
    how = "computed natively" if sight.native else "weight-only: memory shrinks, computation does not speed up"
    what = "the format of the release" if sight.release else "the format of the files"
    return (1 if sight.release else 8 if word == "INT4" else 7), f"{word}, {what}, {how} on {on}"


def _rank_fp8(sight: _Sight, on: str) -> tuple[int, str]:
    if sight.at_load is None:
        what = "the format of the release" if sight.release else "from files in that format"
        how = "computed natively" if sight.native else "weight-only"
        return (1 if sight.release else 3 if sight.native else 6), f"FP8, {what}, {how} on {on}"
    if sight.native:
        return 4, f"FP8, quantized while loading: {on} computes it natively, and the weights halve"
    return 6, f"FP8 weight-only, quantized while loading: {on} does not compute in FP8, but the memory halves"


def _dtype(word: str, own: str, gpu: Gpu | None, request: PlanRequest) -> str:
    if request.dtype is not None:
        return request.dtype
    if word == "FP32":
        return "float32"
    if own == "FP16" or word == "FP16":
        return "float16"
    old = gpu is not None and gpu.compute_capability is not None and float(gpu.compute_capability) < 8.0  # noqa: PLR2004
    return "float16" if old else "bfloat16"  # bfloat16 begins with capability 8.0


def _named(gpu: Gpu | None) -> str:
    if gpu is None:
        return "the CPU"
    detail = gpu.compute_capability or gpu.gfx_target
    return f"{gpu.name or 'this GPU'}{f' ({detail})' if detail else ''}"
