"""The options that `plan`, `deploy` and `run` share, as one PlanRequest."""

from __future__ import annotations

from typing import Annotated, Any

from modelscan.cli.options.backend import backend_option
from modelscan.cli.options.complete import complete_gpu, complete_words
from modelscan.cli.options.quantization import quantization_option
from modelscan.cli.options.request import Declared, option
from modelscan.cli.options.words import one_of
from modelscan.errors import Usage
from modelscan.model import Mode, PlanRequest, Source, Task
from modelscan.selecting.adapters.words import parse_adapters
from modelscan.selecting.requests import parse_context_length, parse_env, parse_gpus
from modelscan.selecting.words import DTYPES, KV_CACHE_DTYPES
from modelscan.settings.environment import process_environment
from modelscan.units import parse_bytes

_CHOICE, _FIT, _BACKEND = "Model", "Resources", "Backend options"

PLAN_OPTIONS: Declared = {
    "quantization": (Annotated[str | None, quantization_option(_CHOICE)], None),
    "backend": (Annotated[str | None, backend_option(_CHOICE)], None),
    "backend_version": option(
        str | None, "--backend-version", panel=_CHOICE, help="Version of the backend.", metavar="V"
    ),
    "task": option(
        Task | None,
        "--task",
        panel=_CHOICE,
        help="What to serve it for, where it can do more than one thing: chat, completion, embed, rerank, …",
        metavar="TASK",
        case_sensitive=False,
        show_default="what the model is for",
    ),
    "mode": option(
        Mode | None,
        "--mode",
        panel=_CHOICE,
        help=f"Optimize for {one_of(Mode)} use.",
        metavar="MODE",
        case_sensitive=False,
        show_default="standard",
    ),
    "source": option(
        Source | None,
        "--source",
        panel=_CHOICE,
        help=f"Where to get the weights: {one_of(Source)}.",
        metavar="SOURCE",
        case_sensitive=False,
    ),
    "revision": option(
        str | None, "--revision", panel=_CHOICE, help="Branch, tag or commit of the repo.", metavar="REVISION"
    ),
    "adapter": option(
        list[str] | None,
        "--adapter",
        panel=_CHOICE,
        help="LoRA adapter to serve on top of the model, under a name of its own; repeatable.",
        metavar="NAME=REPO|FOLDER",
    ),
    "trust_remote_code": option(
        bool, "--trust-remote-code", panel=_CHOICE, help="Allow Python code from the repo to run.", default=False
    ),
    "allow_pickle": option(
        bool,
        "--allow-pickle",
        panel=_CHOICE,
        help="Allow pickled weights, which can run code when loaded.",
        default=False,
    ),
    "gpu": option(
        list[str] | None,
        "--gpu",
        panel=_FIT,
        help="GPUs to use: comma-separated indices or UUIDs, or none for the CPU.",
        metavar="0,1|UUID|none",
        autocompletion=complete_gpu,
    ),
    "gpus": option(int | None, "--gpus", panel=_FIT, help="Number of GPUs to use.", min=1, metavar="N"),
    "max_memory": option(
        str | None, "--max-memory", panel=_FIT, help="Maximum memory to use on each GPU.", metavar="10GiB"
    ),
    "max_host_memory": option(
        str | None,
        "--max-host-memory",
        panel=_FIT,
        help="Maximum host memory to use, beside GPUs or without one.",
        metavar="32GiB",
    ),
    "tensor_parallel": option(
        int | None,
        "--tensor-parallel",
        panel=_FIT,
        help="Tensor parallelism: shard each layer over N GPUs.",
        min=1,
        metavar="N",
    ),
    "pipeline_parallel": option(
        int | None,
        "--pipeline-parallel",
        panel=_FIT,
        help="Pipeline parallelism: split the layers into N stages.",
        min=1,
        metavar="N",
    ),
    "context_length": option(
        str | None,
        "--context-length",
        panel=_FIT,
        help="Context length in tokens: prompt and answer together.",
        metavar="32768|32k|max",
    ),
    "max_concurrency": option(
        int | None, "--max-concurrency", panel=_FIT, help="Maximum number of concurrent requests.", min=1, metavar="N"
    ),
    "dtype": option(
        str | None,
        "--dtype",
        panel=_BACKEND,
        help="Data type for computation, such as bfloat16.",
        metavar="TYPE",
        autocompletion=complete_words(DTYPES),
    ),
    "kv_cache_dtype": option(
        str | None,
        "--kv-cache-dtype",
        panel=_BACKEND,
        help="Data type of the KV cache, such as fp8.",
        metavar="TYPE",
        autocompletion=complete_words(KV_CACHE_DTYPES),
    ),
    "gpu_memory_utilization": option(
        float | None,
        "--gpu-memory-utilization",
        panel=_BACKEND,
        help="Share of GPU memory that the backend may use.",
        min=0.01,
        max=1.0,
        metavar="0.9",
    ),
    "enforce_eager": option(
        bool,
        "--enforce-eager",
        panel=_BACKEND,
        help="Disable CUDA graphs and compilation: starts faster, generates slower.",
        default=False,
    ),
    "backend_arg": option(
        list[str] | None,
        "--backend-arg",
        panel=_BACKEND,
        help="Extra argument for the backend; repeatable.",
        metavar="=--ARG",
    ),
    "env": option(
        list[str] | None,
        "--env",
        panel=_BACKEND,
        help="Environment variable for the backend: K=V, or K to pass the current value; repeatable.",
        metavar="K=V|K",
    ),
    "allow_env": option(
        list[str] | None,
        "--allow-env",
        panel=_BACKEND,
        help="Allow an --env variable that modelscan does not know, whatever it makes the backend do; repeatable.",
        metavar="NAME",
    ),
}


def plan_request(*, model: str | None, gpu: list[str] | None, gpus: int | None, **values: Any) -> PlanRequest:
    """The request that these options make. Raises Usage."""
    chosen, no_gpu = parse_gpus(gpu or [])
    if no_gpu and gpus:
        raise Usage(
            f"`--gpu none` and `--gpus {gpus}` exclude each other",
            hints=["leave out --gpus for the CPU", "leave out --gpu none for GPUs"],
        )
    context = values.pop("context_length")
    return PlanRequest(
        model=model or "",
        gpus=chosen,
        no_gpu=no_gpu,
        gpu_count=gpus,
        max_memory_bytes=_memory("--max-memory 10GiB", values.pop("max_memory")),
        max_host_memory_bytes=_memory("--max-host-memory 32GiB", values.pop("max_host_memory")),
        context_length=parse_context_length(context) if context else None,
        adapters=parse_adapters(values.pop("adapter") or []),
        backend_args=tuple(values.pop("backend_arg") or ()),
        env=parse_env(values.pop("env") or [], process_environment()),
        allow_env=tuple(values.pop("allow_env") or ()),
        enforce_eager=values.pop("enforce_eager") or None,
        **values,
    )


def _memory(example: str, text: str | None) -> int | None:
    most = parse_bytes(text) if text else None
    if most == 0:
        raise Usage(f"`{text}` is not a size of memory to use", hints=[f"write it like {example}"])
    return most
