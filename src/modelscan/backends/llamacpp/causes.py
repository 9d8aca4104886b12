"""How llama.cpp fails, in its own words (b10434 and xllamacpp 2026.10.11549: run; those of GPUs: ggml's sources)."""

from __future__ import annotations

from modelscan.backends.base import Diagnosis
from modelscan.backends.explaining.common_causes import MACHINE, MEMORY
from modelscan.backends.explaining.diagnosis import Cause, cause, signal_of
from modelscan.parsing.regex import regex

_OTHER_WAYS = "modelscan plan … --alternatives 5"
_SMALLER = ("modelscan deploy … --context-length HALF", _OTHER_WAYS)
_FETCH_AGAIN = "download the file again, then: modelscan deploy …"
_ANOTHER_BUILD = "modelscan backend install llamacpp"
_SIGILL = 4
# What `system_info` says that a build was made for, by the names that /proc/cpuinfo has for it.
_FEATURES = regex(r"\b(AVX512\w*|AMX_\w+|AVX_VNNI|AVX2|AVX|FMA|F16C|BMI2|SVE|DOTPROD|MATMUL_INT8) = 1")
_IN_CPUINFO = {"AVX512": "avx512f", "AVX512_VBMI": "avx512vbmi", "DOTPROD": "asimddp", "MATMUL_INT8": "i8mm"}


CAUSES: tuple[Cause, ...] = (
    cause(
        r"failed to open GGUF file '(?P<path>[^']+)' \((?P<why>[^)]+)\)",
        "the weights `{path}` cannot be opened: {why}",
        "ls -l '{path}'",
        "modelscan deploy …",
    ),
    cause(
        (
            r"tensor '(?P<tensor>[^']+)' data is not within the file bounds",
            r"model is corrupted or incomplete",
        ),
        "the weights are damaged: the file is shorter than its header says",
        _FETCH_AGAIN,
    ),
    cause(
        (r"invalid magic characters: '(?P<found>[^']*)', expected 'GGUF'", r"\binvalid magic\b"),
        "the file is not GGUF",
        _FETCH_AGAIN,
    ),
    cause(
        r"unknown model architecture: '(?P<architecture>[^']+)'",
        "this build of llama.cpp does not know the architecture `{architecture}`: a newer one may",
        "modelscan backend list",
        _OTHER_WAYS,
    ),
    cause(
        (
            r"gguf_init_from_(?:file|reader|file_impl): (?!failed to open)(?P<why>[^\n]+)",
            r"error loading model: (?P<why2>(?:missing tensor|check_tensor_dims|wrong number of tensors)[^\n]*)",
        ),
        "the weights cannot be read: {why}{why2}",
        _FETCH_AGAIN,
    ),
    cause(
        (
            r"failed to allocate (?:CUDA|ROCm|Vulkan|SYCL|Metal)\d*",
            r"allocating [\d.]+ MiB on device \d+: cudaMalloc failed",
            r"ggml_vulkan: (?:Device memory|Memory) allocation of size",
            r"(?:CUDA|HIP|ROCm) error: out of memory",
            r"vk::Device::allocateMemory: ErrorOutOfDeviceMemory",
        ),
        "the GPU ran out of memory",
        "modelscan gpu",
        *_SMALLER,
        wants_relief=True,
    ),
    cause(  # "MB" there is MiB: 39062.50 are 40,960,000,000 bytes
        r"insufficient memory \(attempted to allocate (?P<size>[\d.]+) MB\)",
        "the machine ran out of memory: {size} MiB were asked for in one piece",
        *_SMALLER,
    ),
    cause(
        (
            r"cpu_buffer_type_alloc_buffer: failed to allocate",
            r"failed to allocate (?:compute|CPU\w*) (?:pp )?buffers?",
            r"failed to allocate buffer for kv cache",
        ),
        "the machine ran out of memory",
        *_SMALLER,
    ),
    cause(
        r"couldn't bind HTTP server socket, hostname: \S+, port: (?P<port>\d+)",
        "the port {port} is already in use by another program",
        "ss -ltnp",
        "deploy again with another --port",
    ),
    cause(
        r"error: invalid argument: (?P<name>\S+)",
        "this build of llama.cpp does not know the argument `{name}`",
        "modelscan backend list",
        f"update that llama-server, or take another: {_ANOTHER_BUILD}",
    ),
    cause(
        r"error while handling argument \"(?P<name>[^\"]+)\": (?P<why>.+)",
        "the value of the argument `{name}` is refused: {why}",
        "remove or change that --backend-arg, or update llama.cpp: modelscan backend list",
    ),
    cause(
        r"(?:V cache quantization requires flash_attn|quantized V cache (?:requires|was requested))",
        "a quantized KV cache needs flash attention, which this build or GPU lacks",
        "modelscan deploy … --kv-cache-dtype auto",
    ),
    cause(
        r"failed to load (?:multimodal|CLIP) model,? '?(?P<path>[^']+)'?",
        "the projector for images does not fit these weights, or is damaged: `{path}`",
        "download both again from one repo",
    ),
    *MEMORY,
    *MACHINE,
)


def lacking_instructions(log_tail: str, exit_code: int | None) -> Diagnosis | None:
    """Where it was ended for an instruction that the CPU lacks: what its build uses, if it came to say so."""
    if signal_of(exit_code) != _SIGILL:
        return None
    line = next((line for line in log_tail.splitlines() if "system_info: " in line), "")
    used = tuple(dict.fromkeys(_FEATURES.findall(line)))
    flags = "|".join(_IN_CPUINFO.get(name, name.lower()) for name in used) or "avx2|avx512f|amx_int8"
    what = f": it was built for {', '.join(used)}" if used else ""
    return Diagnosis(
        cause=f"this build of llama.cpp needs CPU instructions that this machine lacks{what}",
        evidence=line.strip()[:400] or None,
        hints=(f"grep -oEm1 '({flags})' /proc/cpuinfo | sort -u", f"a build for every CPU: {_ANOTHER_BUILD}"),
    )
