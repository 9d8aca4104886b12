"""The options that `plan` and `deploy` share: defined once, handed to the command as one PlanRequest."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from modelscan.cli.options.complete import complete_gpu
from modelscan.cli.options.shared import ModelId, OptionalModelId
from modelscan.cli.options.words import (
    BackendWord,
    ModeWord,
    SourceWord,
    complete_quantization,
    one_of,
    quantization_word,
)
from modelscan.model import PlanRequest

_CHOICE, _FIT, _BACKEND = "What to run", "How it fits", "How the backend is started"


def _option(kind: Any, *names: str, panel: str, help: str, default: Any = None, **more: Any) -> tuple[Any, Any]:  # noqa: A002
    return Annotated[kind, typer.Option(*names, help=help, rich_help_panel=panel, **more)], default


_OPTIONS: dict[str, tuple[Any, Any]] = {
    "quantization": _option(
        str | None,
        "--quantization",
        panel=_CHOICE,
        help="FP32, BF16, FP16, FP8, INT8, INT4, FP4, MXFP4, NVFP4, AWQ, GPTQ, or a GGUF name.",
        metavar="FP8",
        callback=quantization_word,
        autocompletion=complete_quantization,
    ),
    "backend": _option(BackendWord | None, "--backend", panel=_CHOICE, help="The backend.", case_sensitive=False),
    "backend_version": _option(str | None, "--backend-version", panel=_CHOICE, help="This version of it.", metavar="V"),
    "mode": _option(
        ModeWord | None,
        "--mode",
        panel=_CHOICE,
        help=f"What to favour: {one_of(ModeWord)}.",
        metavar="MODE",
        case_sensitive=False,
        show_default="standard",
    ),
    "source": _option(
        SourceWord | None,
        "--source",
        panel=_CHOICE,
        help=f"Take the weights from {one_of(SourceWord)}.",
        metavar="SOURCE",
        case_sensitive=False,
    ),
    "revision": _option(
        str | None, "--revision", panel=_CHOICE, help="A branch, tag or commit of the repo.", metavar="REVISION"
    ),
    "trust_remote_code": _option(
        bool, "--trust-remote-code", panel=_CHOICE, help="Let the repo's own Python code run.", default=False
    ),
    "allow_pickle": _option(
        bool, "--allow-pickle", panel=_CHOICE, help="Also weights that are pickles, which can run code.", default=False
    ),
    "gpu": _option(
        list[str] | None,
        "--gpu",
        panel=_FIT,
        help="Use these: indices or UUIDs, separated by commas; or none.",
        metavar="0,1|UUID|none",
        autocompletion=complete_gpu,
    ),
    "gpus": _option(int | None, "--gpus", panel=_FIT, help="Use so many GPUs.", min=1, metavar="N"),
    "max_memory": _option(
        str | None, "--max-memory", panel=_FIT, help="Use at most so much memory of each GPU.", metavar="10GiB"
    ),
    "tensor_parallel": _option(
        int | None, "--tensor-parallel", panel=_FIT, help="Split each layer.", min=1, metavar="N"
    ),
    "pipeline_parallel": _option(
        int | None, "--pipeline-parallel", panel=_FIT, help="Split the layers.", min=1, metavar="N"
    ),
    "context_length": _option(
        str | None, "--context-length", panel=_FIT, help="Tokens of a request and its answer.", metavar="32768|32k|max"
    ),
    "max_concurrency": _option(
        int | None, "--max-concurrency", panel=_FIT, help="Requests at once.", min=1, metavar="N"
    ),
    "dtype": _option(
        str | None, "--dtype", panel=_BACKEND, help="Type of computation, such as bfloat16.", metavar="TYPE"
    ),
    "kv_cache_dtype": _option(
        str | None, "--kv-cache-dtype", panel=_BACKEND, help="Type of the KV cache.", metavar="TYPE"
    ),
    "gpu_memory_utilization": _option(
        float | None, "--gpu-memory-utilization", panel=_BACKEND, help="Share of the GPU.", min=0.01, max=1.0,
        metavar="0.9",
    ),
    "enforce_eager": _option(
        bool, "--enforce-eager", panel=_BACKEND, help="No graphs, no compilation: quicker start, slower answers.",
        default=False,
    ),
    "backend_arg": _option(
        list[str] | None, "--backend-arg", panel=_BACKEND, help="One more argument for the backend.", metavar="=--ARG"
    ),
    "env": _option(
        list[str] | None,
        "--env",
        panel=_BACKEND,
        help="A variable for the backend: K=V, or K to pass on the one that is set.",
        metavar="K=V|K",
    ),
}  # fmt: skip


def takes_plan_request(command: Callable[..., int | None]) -> Callable[..., int | None]:
    """For Typer, replace the command's `request` parameter by ID and the shared options."""
    own = inspect.signature(command, eval_str=True).parameters
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters: list[inspect.Parameter] = []
    for name, parameter in own.items():
        if name != "request":
            parameters.append(parameter.replace(kind=keyword))
            continue
        id_ = (OptionalModelId, None) if "file" in own else (ModelId, inspect.Parameter.empty)
        parameters.append(inspect.Parameter("model", keyword, annotation=id_[0], default=id_[1]))
        parameters += [
            inspect.Parameter(option, keyword, annotation=annotation, default=default)
            for option, (annotation, default) in _OPTIONS.items()
        ]

    @functools.wraps(command)
    def with_request(**values: Any) -> int | None:
        shared = {name: values.pop(name) for name in ("model", *_OPTIONS)}
        return command(request=_request(**shared), **values)

    with_request.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_request.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_request


def _request(*, model: str | None, gpu: list[str] | None, gpus: int | None, **values: Any) -> PlanRequest:
    from modelscan.selecting.requests import parse_context_length, parse_env, parse_gpus
    from modelscan.settings.reading import process_environment
    from modelscan.units import parse_bytes

    chosen, no_gpu = parse_gpus(gpu or [])
    max_memory, context = values.pop("max_memory"), values.pop("context_length")
    return PlanRequest(
        model=model or "",
        gpus=chosen,
        no_gpu=no_gpu,
        gpu_count=gpus,
        max_memory_bytes=parse_bytes(max_memory) if max_memory else None,
        context_length=parse_context_length(context) if context else None,
        backend_args=tuple(values.pop("backend_arg") or ()),
        env=parse_env(values.pop("env") or [], process_environment()),
        enforce_eager=values.pop("enforce_eager") or None,
        **{name: getattr(value, "value", value) for name, value in values.items()},
    )
