"""The keys of the declarative file: those of a deployment are the options of `deploy`, with underscores."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.errors import Usage
from modelscan.model.words import Mode, RestartPolicy, Source, Task
from modelscan.selecting.declared.values import (
    ADAPTERS,
    ALIASES,
    ARGUMENTS,
    COUNT,
    FALLBACKS,
    FLAG,
    GPUS,
    IDLE,
    PORT,
    QUANTIZATION,
    SECONDS,
    SHARE,
    SIZE,
    TEXT,
    TOKENS,
    VARIABLES,
    Value,
    literal,
    one_of,
)
from modelscan.targets.registry import HOSTS


def _backend(value: object) -> str:
    word = value.lower() if isinstance(value, str) else value
    if word in HOSTS:
        raise Usage(
            f"{word} lays its models out itself, and `up` plans all of them together",
            hints=[f"deploy it beside: modelscan deploy MODEL --backend {word}"],
        )
    return str(_BACKENDS.read(value))


_BACKENDS = one_of(BACKENDS)
BACKEND = Value(_backend, _BACKENDS.schema)


@dataclass(frozen=True, slots=True)
class Key:
    """`doc` is its line of the reference; `field` is what a request calls it, where that differs."""

    doc: str
    value: Value
    field: str | None = None


KEYS: Mapping[str, Key] = {
    "model": Key("Model id, alias, repo, name or folder; a relative folder is relative to the file.", TEXT),
    "quantization": Key("Quantization of the weights.", QUANTIZATION),
    "backend": Key("Backend to run the model with.", BACKEND),
    "backend_version": Key("Version of the backend.", TEXT),
    "task": Key("What to serve the model for, where it can do more than one thing.", literal(Task)),
    "mode": Key("Optimize for standard, throughput or latency use.", literal(Mode)),
    "source": Key("Where to get the weights.", literal(Source)),
    "revision": Key("Branch, tag or commit of the repo.", TEXT),
    "adapter": Key(
        "LoRA adapters to serve on top of the model: repos or folders by names of their own.", ADAPTERS, "adapters"
    ),
    "trust_remote_code": Key("Allow Python code from the repo to run, once you agreed to these very files.", FLAG),
    "allow_pickle": Key("Allow pickled weights, which can run code when loaded.", FLAG),
    "gpu": Key("GPUs to use: indices or UUIDs, or none for the CPU.", GPUS),
    "gpus": Key("Number of GPUs to use.", COUNT, "gpu_count"),
    "max_memory": Key("Maximum memory to use on each GPU.", SIZE, "max_memory_bytes"),
    "max_host_memory": Key("Maximum host memory to use, beside GPUs or without one.", SIZE, "max_host_memory_bytes"),
    "tensor_parallel": Key("Tensor parallelism: shard each layer over N GPUs.", COUNT),
    "pipeline_parallel": Key("Pipeline parallelism: split the layers into N stages.", COUNT),
    "context_length": Key("Context length in tokens: prompt and answer together.", TOKENS),
    "max_concurrency": Key("Maximum number of concurrent requests.", COUNT),
    "dtype": Key("Data type for computation, such as bfloat16.", TEXT),
    "kv_cache_dtype": Key("Data type of the KV cache, such as fp8.", TEXT),
    "gpu_memory_utilization": Key("Share of GPU memory that the backend may use.", SHARE),
    "enforce_eager": Key("Disable CUDA graphs and compilation: starts faster, generates slower.", FLAG),
    "backend_arg": Key("Extra arguments for the backend.", ARGUMENTS, "backend_args"),
    "env": Key("Environment variables for the backend.", VARIABLES),
    "port": Key("Port to listen on.", PORT),
    "host": Key("Address to listen on; loopback only.", TEXT),
    "api_key_env": Key("Environment variable that holds the API key clients must send.", TEXT),
    "restart": Key("When to restart a backend that exited.", literal(RestartPolicy)),
    "idle_timeout": Key("Stop the deployment after this long without requests.", IDLE),
    "target": Key("Where to run.", one_of(("local",))),
    "timeout": Key("Maximum number of seconds to wait.", SECONDS),
    "stall_timeout": Key("Give up after this many seconds without progress.", SECONDS),
    "on_demand": Key("Prepare it, and start it only when it is asked for.", FLAG),
    "sleep": Key("With on_demand: idle, it sleeps and keeps its weights in the host's memory.", FLAG),
}

# Options of `deploy` that are no keys, and why.
NOT_HERE: Mapping[str, str] = {
    "name": "the name of a deployment is the key above",
    "replace": "`up` replaces what differs",
    "alias": "the section `gateway` has the aliases of all",
    "allow_env": "a file does not allow variables: only who types a command can",
}

GATEWAY_KEYS: Mapping[str, Key] = {
    "port": Key("Port to listen on.", PORT),
    "aliases": Key("Other names of deployments: the name that clients use, and what answers to it.", ALIASES),
    "fallbacks": Key("What answers in place of a deployment that does not, in this order.", FALLBACKS),
}
