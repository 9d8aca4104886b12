"""In which formats weights can be run on a device, and in which order a specialist would take them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelscan.backends.registry import BACKENDS
from modelscan.model import Architecture, Device, Gpu, Mode, PlanRequest, WeightsDescription
from modelscan.planning.options.facts import KernelSupport, PlanningFacts

SIXTEEN_BIT = frozenset({"BF16", "FP16"})
UNQUANTIZED = SIXTEEN_BIT | {"FP32"}
_SMALL_SHARE = 0.25  # of a GPU: where 16-bit weights take no more, nothing is gained by shrinking them
# Files above this are not read in 16 bit to be kept in 8, where any other format can be had: 16 billion parameters.
_LIGHT_BYTES = 32 * 10**9
_FORMATS = {"AWQ": "awq", "GPTQ": "gptq"}
_DTYPES = {"float32": "FP32", "float": "FP32", "bfloat16": "BF16", "float16": "FP16", "half": "FP16"}


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
    """What the place of a format depends on: how this GPU runs it, where it comes from, what is favoured.

    `small`: 16-bit weights take little of this GPU; `light`: they are soon quantized while loading, on any GPU;
    `unstable`: float16 does not do.
    """

    native: bool
    small: bool
    light: bool
    at_load: str | None
    release: bool
    unstable: bool
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
    small = gpu_bytes is not None and sixteen_bit_bytes is not None and sixteen_bit_bytes <= gpu_bytes * _SMALL_SHARE
    unstable = weights.architecture is not None and _refused_in_float16(weights.architecture, backend)
    told = facts.knows_kernels(backend)
    words = _words(own, device, gpu, request, unstable=unstable) if told else _untold_words(own, request)
    for word in words:
        kernel = facts.kernel(backend, device, word)
        at_load = kernel.at_load if kernel is not None and word != own and word == "FP8" else None
        dtype = _dtype(word, own, gpu, request)
        problem = _problem(weights, word, backend, gpu, kernel, told=told) or _unreadable(
            weights, dtype, backend, device, gpu, facts
        )
        if problem is None and word == "FP8" and own in UNQUANTIZED and at_load is None:
            problem = f"{backend} cannot quantize to FP8 while loading on this kind of device"
        native = kernel is not None and kernel.native_on(gpu)
        sight = _Sight(
            native=native,
            small=small,
            at_load=at_load,
            light=sixteen_bit_bytes is not None and sixteen_bit_bytes <= _LIGHT_BYTES,
            release=release,
            unstable=unstable and request.quantization is None and request.dtype is None,
            mode=request.mode,
            gpu=gpu,
        )
        rank, reason = _rank(word, own, sight)
        if not told:
            why = "as the files are" if word == own else "as asked"
            rank, reason = 0, f"{word}, {why}; no table says how {backend} computes it"
        yield Choice(
            weights=weights,
            quantization=word,
            dtype=dtype,
            at_load=at_load,
            rank=rank,
            reason=reason,
            problem=problem,
        )


def _words(own: str, device: Device, gpu: Gpu | None, request: PlanRequest, *, unstable: bool) -> list[str]:
    """The formats to consider, the likeliest first. Files of 16 or 32 bit can be computed in either, or in FP8.

    `unstable`: float16 does not do.
    """
    if own not in UNQUANTIZED:
        return [own]
    asked = _DTYPES.get(request.dtype or "")
    if asked == "FP32" or (asked is not None and device == "cpu"):
        return [asked]
    if device == "cpu":
        words = ["FP32", own if own in SIXTEEN_BIT else "BF16"]
    else:
        words = [asked or ("FP16" if own == "FP16" or _before_bfloat16(gpu) else "BF16"), "FP8"]
        if unstable and asked is None and _before_bfloat16(gpu):
            words.append("FP32")
    if request.quantization in UNQUANTIZED and request.quantization not in words:
        words.append(request.quantization)
    return words


def _untold_words(own: str, request: PlanRequest) -> list[str]:
    """For a backend of which no table tells: the files as they are, or as the user says."""
    asked = request.quantization if own in UNQUANTIZED and request.quantization in UNQUANTIZED else None
    return [asked or own]


def _problem(
    weights: WeightsDescription,
    word: str,
    backend: str,
    gpu: Gpu | None,
    kernel: KernelSupport | None,
    *,
    told: bool,
) -> str | None:
    """Why a backend cannot run weights in a format on a device. Where the table is not `told` of it, nobody knows."""
    plugin = BACKENDS[backend].runs.plugins.get(weights.format or "")
    if plugin is not None:
        return f"{backend} runs {weights.format} only with {plugin}, which modelscan does not install"
    if kernel is None:
        return f"{backend} has no kernels for {word} on this kind of device" if told else None
    if not kernel.runs_on(gpu):
        return f"{backend} has no {word} kernels for {_named(gpu)}"
    return None


def _unreadable(
    weights: WeightsDescription, dtype: str, backend: str, device: Device, gpu: Gpu | None, facts: PlanningFacts
) -> str | None:
    """Why the model itself, in whatever format, cannot be computed there."""
    shape = weights.architecture
    if shape is None:
        return None
    if dtype == "float16" and _refused_in_float16(shape, backend):
        none = f", and {_named(gpu)} has no bfloat16" if _before_bfloat16(gpu) else ""
        return f"{backend} refuses {shape.model_type} in float16, where it is not stable{none}"
    if shape.kv_lora_rank and shape.details.get("index_head_dim"):
        kernel = facts.kernel(backend, device, "sparse MLA")
        if facts.knows_kernels(backend) and (kernel is None or not kernel.runs_on(gpu)):
            return f"{backend} has no kernels for sparse attention, of which this model is made, for {_named(gpu)}"
    return None


def _refused_in_float16(shape: Architecture, backend: str) -> bool:
    return not shape.family.float16 and BACKENDS[backend].runs.refuses_unstable_float16


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
            return 2, f"{word}: the weights take at most a quarter of the GPU, so memory asks for no smaller format"
        return 5, f"{word}, as the files are" if word == own else f"{word}, computed so on {on}"
    if word == "FP32":
        why = f"float32: not stable in float16, and {on} has no bfloat16"
        return 10, why if sight.unstable else "float32, as asked"
    how = "computed natively" if sight.native else "weight-only: memory shrinks, computation does not speed up"
    what = "the format of the release" if sight.release else "the format of the files"
    return (1 if sight.release else 8 if word == "INT4" else 7), f"{word}, {what}, {how} on {on}"


def _rank_fp8(sight: _Sight, on: str) -> tuple[int, str]:
    if sight.at_load is None:
        what = "the format of the release" if sight.release else "from files in that format"
        how = "computed natively" if sight.native else "weight-only"
        return (1 if sight.release else 3 if sight.native else 6), f"FP8, {what}, {how} on {on}"
    if not sight.light:
        return 9, "FP8, quantized while loading, which for files of this size comes after every other format"
    if sight.native:
        return 4, f"FP8, quantized while loading: {on} computes it natively, and the weights halve"
    return 6, f"FP8 weight-only, quantized while loading: {on} does not compute in FP8, but the memory halves"


def _dtype(word: str, own: str, gpu: Gpu | None, request: PlanRequest) -> str:
    if request.dtype is not None:
        return request.dtype
    if word == "FP32":
        return "float32"
    return "float16" if "FP16" in {own, word} or _before_bfloat16(gpu) else "bfloat16"


def _before_bfloat16(gpu: Gpu | None) -> bool:
    """bfloat16 begins with capability 8.0 (vllm/platforms/cuda.py: supported_dtypes)."""
    return gpu is not None and gpu.compute_capability is not None and float(gpu.compute_capability) < 8.0  # noqa: PLR2004


def _named(gpu: Gpu | None) -> str:
    if gpu is None:
        return "the CPU"
    detail = gpu.compute_capability or gpu.gfx_target
    return f"{gpu.name or 'this GPU'}{f' ({detail})' if detail else ''}"
