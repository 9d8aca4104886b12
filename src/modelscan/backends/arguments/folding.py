"""Backend arguments that the planner knows become part of the request, so that the arithmetic counts them.

Each backend lists its spellings (`About`). Any spelling is understood, because the backend is chosen later.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence

from modelscan import dataclasses
from modelscan.backends.arguments.placeholders import leaves_to_plan
from modelscan.backends.arguments.words import Argument, read_arguments
from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
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


_FIELDS = (
    _Known("context_length", "--context-length N", _length),
    _Known("max_concurrency", "--max-concurrency N", _count),
    _Known("tensor_parallel", "--tensor-parallel N", _count),
    _Known("pipeline_parallel", "--pipeline-parallel N", _count),
    _Known("gpu_memory_utilization", "--gpu-memory-utilization F", _share),
    _Known("quantization", "--quantization Q", _quantization),
    _Known("dtype", "--dtype D", _dtype),
    _Known("kv_cache_dtype", "--kv-cache-dtype D", _word),
    _Known("revision", "--revision R", str),
)
_EAGER = _Known("enforce_eager", "--enforce-eager", bool)


@functools.cache
def _known() -> Mapping[str, _Known]:
    """By the spellings of all backends."""
    return {
        spelling: known
        for backend in BACKENDS.values()
        for known in _FIELDS
        for spelling in backend.about.spellings.get(known.field, ())
    }


@functools.cache
def _switches() -> Mapping[str, bool]:
    return {name: value for backend in BACKENDS.values() for name, value in backend.about.switches.items()}


def option_for(name: str) -> str | None:
    """The option of ours that says what an argument of a backend says."""
    if name in _switches():
        return _EAGER.option
    return _known()[name].option if name in _known() else None


def fold_arguments(arguments: Sequence[str], request: PlanRequest) -> tuple[PlanRequest, tuple[str, ...]]:
    """The request with what the planner knows of `arguments`, and the words that remain.

    Raises Usage for a value that cannot be read, and for one that contradicts what the request or an earlier
    argument says.
    """
    rest: list[str] = []
    switches = _switches()
    for argument in read_arguments(arguments, switches):
        if argument.name in switches:
            request = _with(request, argument, _EAGER, value=switches[argument.name])
        elif (known := _known().get(argument.name)) is not None:
            value = _value(argument, known)
            request = request if value is None else _with(request, argument, known, value=value)
        else:
            rest += argument.words
    return request, tuple(rest)


def _value(argument: Argument, known: _Known) -> object | None:
    try:
        (text,) = argument.values
        return None if leaves_to_plan(text, known.field) else known.read(text)
    except (ValueError, StopIteration):
        raise Usage(
            f"`{argument.shown}` has a value that cannot be planned",
            hints=[f"use modelscan's own option: {known.option}"],
            details={"argument": argument.name},
        ) from None


def _with(request: PlanRequest, argument: Argument, known: _Known, *, value: object) -> PlanRequest:
    present = getattr(request, known.field)
    if present is not None and present != value:
        raise Usage(
            f"`{argument.shown}` contradicts `{known.option.split()[0]} {present}`",
            hints=["use only one of them"],
            details={"argument": argument.name},
        )
    return dataclasses.replace(request, **{known.field: value})  # type: ignore[arg-type]
