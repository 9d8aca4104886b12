"""Arguments of a backend that the planner knows become part of the request, so that the arithmetic counts them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from modelscan.backends.arguments.words import Argument, read_arguments
from modelscan.errors import Usage
from modelscan.model import PlanRequest

# vLLM 0.33 and SGLang 0.5.23 (--help): the word for what the weights are, to the numeric scheme that plans use.
_QUANTIZATIONS = {
    "FP8": ("fp8", "fp8_per_tensor", "fp8_per_block", "fp8_per_channel", "modelopt", "modelopt_fp8", "w8a8_fp8"),
    "INT8": ("w8a8_int8", "int8_per_channel_weight_only"),
    "INT4": ("awq", "auto_awq", "awq_marlin", "gptq", "auto_gptq", "gptq_marlin"),
    "MXFP4": ("mxfp4", "gpt_oss_mxfp4"),
    "NVFP4": ("modelopt_fp4", "nvfp4_online", "nvfp4_per_token"),
}
_DTYPES = {"half": "float16", "float": "float32"}


@dataclass(frozen=True, slots=True)
class _Known:
    """The field of the request, the option of ours, and how a value is read; None leaves the choice to the plan."""

    field: str
    option: str
    read: Callable[[str], object | None]


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError(text)
    return value


def _length(text: str) -> int | None:
    return None if text in {"auto", "-1"} else _count(text)


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError(text)
    return value


def _quantization(text: str) -> str:
    return next(ours for ours, theirs in _QUANTIZATIONS.items() if text.lower() in theirs)


def _dtype(text: str) -> str | None:
    return None if text == "auto" else _DTYPES.get(text, text)


def _word(text: str) -> str | None:
    return None if text == "auto" else text


_LENGTH = _Known("context_length", "--context-length N", _length)
_REQUESTS = _Known("max_concurrency", "--max-concurrency N", _count)
_TENSOR = _Known("tensor_parallel", "--tensor-parallel N", _count)
_PIPELINE = _Known("pipeline_parallel", "--pipeline-parallel N", _count)
_MEMORY = _Known("gpu_memory_utilization", "--gpu-memory-utilization F", _share)
_SCHEME = _Known("quantization", "--quantization Q", _quantization)
_EAGER = _Known("enforce_eager", "--enforce-eager", bool)

_KNOWN: Mapping[str, _Known] = {
    "--max-model-len": _LENGTH,
    "--context-length": _LENGTH,
    "--max-num-seqs": _REQUESTS,
    "--max-running-requests": _REQUESTS,
    **dict.fromkeys(("--tensor-parallel-size", "--tp-size", "-tp", "--tp"), _TENSOR),
    **dict.fromkeys(("--pipeline-parallel-size", "--pp-size", "-pp", "--pp"), _PIPELINE),
    **dict.fromkeys(("--gpu-memory-utilization", "--device-memory-utilization", "--mem-fraction-static"), _MEMORY),
    **dict.fromkeys(("--quantization", "-q"), _SCHEME),
    "--dtype": _Known("dtype", "--dtype D", _dtype),
    "--kv-cache-dtype": _Known("kv_cache_dtype", "--kv-cache-dtype D", _word),
    "--revision": _Known("revision", "--revision R", str),
}
_SWITCHES: Mapping[str, bool] = {"--enforce-eager": True, "--no-enforce-eager": False, "--disable-cuda-graph": True}


def option_for(name: str) -> str | None:
    """The option of ours that says what an argument of a backend says."""
    if name in _SWITCHES:
        return _EAGER.option
    return _KNOWN[name].option if name in _KNOWN else None


def fold_arguments(arguments: Sequence[str], request: PlanRequest) -> tuple[PlanRequest, tuple[str, ...]]:
    """The request with what the planner knows of `arguments`, and the words that remain.

    Raises Usage for a value that cannot be read, and for one that contradicts what the request or an earlier
    argument says.
    """
    rest: list[str] = []
    for argument in read_arguments(arguments, _SWITCHES):
        if argument.name in _SWITCHES:
            request = _with(request, argument, _EAGER, value=_SWITCHES[argument.name])
        elif argument.name in _KNOWN:
            known = _KNOWN[argument.name]
            value = _value(argument, known)
            request = request if value is None else _with(request, argument, known, value=value)
        else:
            rest += argument.words
    return request, tuple(rest)


def _value(argument: Argument, known: _Known) -> object | None:
    try:
        (text,) = argument.values
        return known.read(text)
    except (ValueError, StopIteration):
        raise Usage(
            f"`{argument.shown}` cannot be planned for",
            hints=[f"say it to modelscan instead: {known.option}"],
            details={"argument": argument.name},
        ) from None


def _with(request: PlanRequest, argument: Argument, known: _Known, *, value: object) -> PlanRequest:
    said = getattr(request, known.field)
    if said is not None and said != value:
        raise Usage(
            f"`{argument.shown}` contradicts `{known.option.split()[0]} {said}`",
            hints=["give one of the two"],
            details={"argument": argument.name},
        )
    return dataclasses.replace(request, **{known.field: value})  # type: ignore[arg-type]
