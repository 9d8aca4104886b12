"""The formats that weights can run in on a device, in the order an expert would choose them."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.model import Architecture, Device, Gpu, Mode, PlanRequest, WeightsDescription
from modelscan.planning.options.facts import KernelSupport, PlanningFacts
from modelscan.weights.counting.tensors import schemes_of
from modelscan.weights.reading.selection import STANDING_ALONE, form_title

SIXTEEN_BIT = frozenset({"BF16", "FP16"})
UNQUANTIZED = SIXTEEN_BIT | {"FP32"}
_SMALL_SHARE = 0.25  # of a GPU: shrinking 16-bit weights that take no more gains nothing
# Larger 16-bit files are not quantized at load time if any other format is available: 16 billion parameters.
_LIGHT_BYTES = 32 * 10**9
# On a CPU, float32 is for models whose 16-bit files are at most this large, two billion parameters: the finding that a
# 16-bit type gave wrong answers is of a model with 135 million, and twice the bytes take twice the time.
_TINY_BYTES = 4 * 10**9
_FORMATS = ("AWQ", "GPTQ")
# Of eight bits, the methods that leave what goes into a layer in 16.
_WEIGHTS_ALONE = frozenset({"AUTO-ROUND", "AUTOROUND", "BITSANDBYTES", "W8A16"})
_INTEGER_INPUTS = "W8A8"  # in `kernels.csv`: layers that multiply integers of eight bits
_INTEGERS = frozenset({"INT4", "INT8"})
# What a scheme is called as a type of computation where it is one. In integers such a choice
# comes before all others: the same words in half the time and a fifth of the memory (run on whisper-base).
_COMPUTED = {"INT8": "int8", "FP32": "float32"}
_FIRST, _LAST_ON_CPU = -1, 4
_DTYPES = {"float32": "FP32", "float": "FP32", "bfloat16": "BF16", "float16": "FP16", "half": "FP16"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Weights in a format on a device. `at_load` is the backend's argument for quantizing at load time.

    `problem` is why it cannot run, else None; `rank` orders the choices that can, best first.
    """

    weights: WeightsDescription
    quantization: str
    dtype: str
    at_load: str | None = None
    rank: int = 0
    reason: str = ""
    problem: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Circumstances:
    """What the rank of a format depends on.

    `small`: 16-bit weights take little of this GPU; `light`: they are quick to quantize at load time on any GPU;
    `tiny`: a CPU reads even float32 quickly; `unstable`: the model is not stable in float16.
    """

    native: bool
    small: bool
    light: bool
    tiny: bool
    at_load: str | None
    release: bool
    unstable: bool
    mode: Mode | None
    gpu: Gpu | None


def choices(
    weights: WeightsDescription,
    *,
    backend: str,
    version: str | None,
    device: Device,
    gpu: Gpu | None,
    gpu_bytes: int | None,
    release: bool,
    sixteen_bit_bytes: int | None,
    request: PlanRequest,
    facts: PlanningFacts,
) -> Iterator[Choice]:
    """Every way to run these weights, including those that cannot run.

    `release`: these are the weights as released, not quantized from a release.
    `sixteen_bit_bytes`: size of the weights in 16 bit; `gpu_bytes`: memory of one GPU. Both may be unknown.
    """
    own = own_quantization(weights)
    if weights.format in BACKENDS[backend].runs.computes:
        yield from _computed(weights, own, backend, device, request)
        return
    small = gpu_bytes is not None and sixteen_bit_bytes is not None and sixteen_bit_bytes <= gpu_bytes * _SMALL_SHARE
    unstable = weights.architecture is not None and _refused_in_float16(weights.architecture, backend)
    has_table = facts.knows_kernels(backend)
    words = _words(own, device, gpu, request, unstable=unstable) if has_table else _formats_without_table(own, request)
    for word in words:
        kernel = facts.kernel(backend, device, word)
        at_load = kernel.at_load if kernel is not None and word != own and word == "FP8" else None
        dtype = _dtype(word, own, gpu, request)
        problem = _problem(weights, word, backend, gpu, kernel, has_table=has_table) or _unreadable(
            weights, dtype, backend, device, gpu, facts
        )
        if problem is None and word == "FP8" and own in UNQUANTIZED and at_load is None:
            problem = f"{backend} cannot quantize to FP8 at load time on this kind of device"
        shape = weights.architecture
        in_integers = word == "INT8" and any(facts.faults.of("refused", backend, version, gpu, _INTEGER_INPUTS, shape))
        kernels = _INTEGER_INPUTS if in_integers and _computes_in_integers(weights) else word
        refused = next(facts.faults.of("refused", backend, version, gpu, kernels, shape), None)
        if problem is None and refused is not None:
            problem = f"{backend} {version or ''} on {_named(gpu)}: {refused.sentence}"
        unfit = any(facts.faults.of("weight-only", backend, version, gpu, word, shape))
        native = kernel is not None and kernel.native_on(gpu) and not _is_weight_only(weights, word)
        native = native and not unfit and not in_integers
        circumstances = _Circumstances(
            native=native,
            small=small,
            at_load=at_load,
            light=sixteen_bit_bytes is not None and sixteen_bit_bytes <= _LIGHT_BYTES,
            tiny=sixteen_bit_bytes is not None and sixteen_bit_bytes <= _TINY_BYTES,
            release=release,
            unstable=unstable and request.quantization is None and request.dtype is None,
            mode=request.mode,
            gpu=gpu,
        )
        rank, reason = _rank(word, own, circumstances)
        mixed = schemes_of(weights.architecture) if weights.architecture is not None else ()
        if word in mixed and len(mixed) > 1:
            others = " and ".join(scheme for scheme in mixed if scheme != word)
            reason = reason.replace(word, f"{word} mixed with {others}", 1)
        if not has_table:
            why = "the format of the files" if word == own else "as requested"
            rank, reason = 0, f"{word}, {why}; its kernels in {backend} are not in our tables"
        yield Choice(
            weights=weights,
            quantization=word,
            dtype=dtype,
            at_load=at_load,
            rank=rank,
            reason=reason,
            problem=problem,
        )


def _computed(
    weights: WeightsDescription, own: str, backend: str, device: Device, request: PlanRequest
) -> Iterator[Choice]:
    """Of a format that is computed in schemes of its own, whatever the files are stored in: the usual one, or the one
    that was asked for.
    """
    title, by_device = form_title(weights.format or ""), BACKENDS[backend].runs.computes[weights.format or ""]
    words = by_device.get(device, ())
    asked = request.quantization or _DTYPES.get(request.dtype or "")
    word = asked if asked in words else next(iter(words), own)
    there = " or ".join("the CPU" if item == "cpu" else item for item in by_device)
    stored = "the format of the files" if word == own else f"computed from the {own} of the files"
    yield Choice(
        weights=weights,
        quantization=word,
        dtype=_COMPUTED.get(word, "auto"),
        at_load=word.lower() if word in _INTEGERS and word != own else None,
        rank=_FIRST if word in _INTEGERS else _LAST_ON_CPU,
        reason=f"{word}, {stored}, as {title} does it",
        problem=None if words else f"{backend} runs {title} files on {there} only",
    )


def _words(own: str, device: Device, gpu: Gpu | None, request: PlanRequest, *, unstable: bool) -> list[str]:
    """The formats to consider, the most likely first. 16- and 32-bit files can run in either, or in FP8.

    `unstable`: the model is not stable in float16.
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


def _formats_without_table(own: str, request: PlanRequest) -> list[str]:
    """For a backend without a kernel table: the format of the files, or what the user asks for."""
    asked = request.quantization if own in UNQUANTIZED and request.quantization in UNQUANTIZED else None
    return [asked or own]


def _problem(
    weights: WeightsDescription,
    word: str,
    backend: str,
    gpu: Gpu | None,
    kernel: KernelSupport | None,
    *,
    has_table: bool,
) -> str | None:
    """Why a backend cannot run weights in a format on a device. Without a table (`has_table`) nothing is ruled out."""
    runs = BACKENDS[backend].runs
    if runs.formats is not None and weights.format is not None and weights.format not in runs.formats:
        reads = " and ".join(map(form_title, sorted(runs.formats)))
        return f"{backend} reads {reads} files only, and these are {form_title(weights.format)}"
    if weights.format in STANDING_ALONE and runs.formats is None and weights.format not in runs.plugins:
        return f"{backend} reads no {form_title(weights.format)} files"
    plugin = runs.plugins.get(weights.format or "")
    if plugin is not None:
        return f"{backend} needs {plugin} to run {weights.format}, which modelscan does not install"
    if kernel is None:
        return f"{backend} has no kernels for {word} on this kind of device" if has_table else None
    if not kernel.runs_on(gpu):
        return f"{backend} has no {word} kernels for {_named(gpu)}"
    return None


def _unreadable(
    weights: WeightsDescription, dtype: str, backend: str, device: Device, gpu: Gpu | None, facts: PlanningFacts
) -> str | None:
    """Why the model cannot run there in any format."""
    shape = weights.architecture
    if shape is None:
        return None
    if dtype == "float16" and _refused_in_float16(shape, backend):
        none = f", and {_named(gpu)} has no bfloat16" if _before_bfloat16(gpu) else ""
        return f"{backend} refuses {shape.model_type} in float16, where it is not stable{none}"
    if shape.kv_lora_rank and shape.details.get("index_head_dim"):
        kernel = facts.kernel(backend, device, "sparse MLA")
        if facts.knows_kernels(backend) and (kernel is None or not kernel.runs_on(gpu)):
            return f"{backend} has no sparse attention kernels for {_named(gpu)}, and this model needs them"
    return None


def _refused_in_float16(shape: Architecture, backend: str) -> bool:
    return not shape.family.float16 and BACKENDS[backend].runs.refuses_unstable_float16


def own_quantization(weights: WeightsDescription) -> str:
    """The format of the files; BF16 by default, like nearly all releases."""
    word = (weights.quantization or "BF16").upper()
    if word in _FORMATS:  # how it is stored, not in how many bits
        bits = weights.architecture.quant_bits if weights.architecture is not None else None
        return f"INT{bits or 4}"
    return {"FLOAT16": "FP16", "BFLOAT16": "BF16", "FLOAT32": "FP32"}.get(word, word)


def _stored_as(weights: WeightsDescription) -> str | None:
    """AWQ or GPTQ, as the files or a catalog say; both are weight-only in any number of bits."""
    stored = (weights.format or weights.quantization or "").upper()
    return next((method for method in _FORMATS if stored.startswith(method)), None)


def _is_weight_only(weights: WeightsDescription, word: str) -> bool:
    """Whether these files hold nothing but weights in fewer bits, whatever the GPU could compute in."""
    stored = (weights.format or "").upper().replace("_", "-")
    return _stored_as(weights) in _FORMATS or (
        word == "INT8" and (_inputs(weights) is False or stored in _WEIGHTS_ALONE)
    )


def _computes_in_integers(weights: WeightsDescription) -> bool:
    """Whether it is known of INT8 that what goes into a layer is in it too: `INT8` alone may mean the weights."""
    return _inputs(weights) is True or (weights.format or "").upper() == _INTEGER_INPUTS


def _inputs(weights: WeightsDescription) -> bool | None:
    shape = weights.architecture
    return shape.details.get("quant_inputs") if shape is not None else None


def answers(choice: Choice, wanted: str | None) -> bool:
    """Whether a choice is what the user asked for; AWQ and GPTQ are how integers of four or eight bits are stored."""
    if wanted is None:
        return True
    if wanted in _FORMATS:
        return choice.quantization in _INTEGERS and _stored_as(choice.weights) == wanted
    return choice.quantization == wanted


def _rank(word: str, own: str, it: _Circumstances) -> tuple[int, str]:
    """The rank of a format, and the sentence that says why."""
    on = _named(it.gpu)
    if it.gpu is None:
        return _rank_on_cpu(word, it)
    if word == "FP8":
        return _rank_fp8(it, on)
    if word in SIXTEEN_BIT:
        if it.small and it.mode != "throughput":
            return 2, f"{word}: the weights take at most a quarter of the GPU, so a smaller format gains nothing"
        return 5, f"{word}, the format of the files" if word == own else f"{word}, the compute type on {on}"
    if word == "FP32":
        why = f"float32: not stable in float16, and {on} has no bfloat16"
        return 10, why if it.unstable else "float32, as requested"
    how = "runs natively" if it.native else "weight-only: saves memory, does not speed up computation"
    what = "the format of the release" if it.release else "the format of the files"
    # Weight-only in eight bits reads twice what four bits do, and computes no faster.
    rank = 8 if word == "INT4" else 9 if word == "INT8" and not it.native else 7
    return (1 if it.release else rank), f"{word}, {what}, {how} on {on}"


def _rank_on_cpu(word: str, it: _Circumstances) -> tuple[int, str]:
    if word != "FP32":
        return 1 if word in SIXTEEN_BIT else 2, f"{word}, the format of the files"
    if it.tiny:
        return 0, "float32: on the CPU, a small model gave wrong answers in 16 bit and right ones in float32"
    return 3, "float32, which takes twice the memory and time of the files"


def _rank_fp8(it: _Circumstances, on: str) -> tuple[int, str]:
    if it.at_load is None:
        what = "the format of the release" if it.release else "from files in that format"
        how = "runs natively" if it.native else "weight-only"
        return (1 if it.release else 3 if it.native else 6), f"FP8, {what}, {how} on {on}"
    if not it.light:
        return 9, "FP8, quantized at load time, the last resort for files of this size"
    if it.native:
        return 4, f"FP8, quantized at load time: {on} computes it natively, and the weights take half the memory"
    return 6, f"FP8 weight-only, quantized at load time: not native on {on}, but the weights take half the memory"


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
