"""The records, logs and requests of the pictures."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from modelscan import dataclasses
from modelscan.deployments.document import record_of
from modelscan.deployments.files import files_of
from modelscan.deployments.store import Store
from modelscan.model import Deployment, DeploymentMemory, Measured, MeasuredParts, PlanRequest, Progress
from modelscan.routing.gateway_files import gateway_files
from modelscan.selecting.context import Context
from modelscan.selecting.plan import plan_model
from modelscan.services.files import log_name
from modelscan.services.service import GATEWAY
from modelscan.storage.documents import to_document
from modelscan.storage.files import private_folder
from modelscan.storage.logs.log_file import LOG_NAME as BACKEND_LOG
from modelscan.system.clock import rfc3339
from modelscan.units import GIB

HARDWARE = "2xh100-80gb"
SCENARIO = f"""\
driver 580.95.05
gpu
name NVIDIA H100 80GB HBM3
total {80 * GIB}
reserved {GIB}
used {45 * GIB}
cc 9.0
process 3911:{int(38.9 * GIB)}
process 4127:{int(5.7 * GIB)}
gpu
name NVIDIA H100 80GB HBM3
total {80 * GIB}
reserved {GIB}
used {46 * GIB}
cc 9.0
process 5230:{int(40.2 * GIB)}
process 2102:{int(6.1 * GIB)}
"""

_LOG = """\
INFO 10-01 vLLM API server version 0.33.0
INFO Resolved architecture: Gemma3ForConditionalGeneration
INFO Using max model len 131072
INFO Starting to load model google/gemma-3-27b-it...
Loading safetensors checkpoint shards:  33% Completed | 4/12 [00:02<00:05]
Loading safetensors checkpoint shards: 100% Completed | 12/12 [00:07<00:00]
INFO Loading weights took 7.31 seconds
INFO Model loading took 51.32 GiB and 8.10 seconds
INFO Available KV cache memory: 4.13 GiB
ERROR EngineCore failed to start.
ERROR ValueError: To serve at least one request with the models's max seq len (131072), (9.75 GiB KV cache is needed, \
which is larger than the available KV cache memory (4.13 GiB). Based on the available memory, the estimated maximum \
model length is 55520.
Traceback (most recent call last):
  File "vllm/entrypoints/cli/main.py", line 56, in main
RuntimeError: Engine core initialization failed. See root cause above.
INFO Shutting down"""


def stage(context: Context, base_url: str) -> None:
    """Write all of it; `base_url` answers for every deployment that is ready."""
    now = context.clock.now()

    def ago(**span: float) -> str:
        return rfc3339(now - timedelta(**span))

    entries: list[tuple[str, str, Mapping[str, Any], PlanRequest]] = [
        (
            "qwen3-8b",
            "qwen/qwen3-8b",
            {
                "status": "ready",
                "gpu_indices": (0,),
                "started_at": ago(hours=5, minutes=12),
                "ready_at": ago(hours=5, minutes=11),
                "measured": Measured(ttft_ms=41.0, decode_tokens_per_second=128.4),
                "kv_cache_tokens": 158_736,
                "base_url": base_url,
                "port": 8080,
                "last_probe_ok": True,
                "last_probe_at": ago(seconds=2),
            },
            PlanRequest(model="qwen/qwen3-8b", max_memory_bytes=40 * GIB),
        ),
        (
            "qwen3-embedding",
            "qwen/qwen3-embedding-0.6b",
            {
                "status": "ready",
                "gpu_indices": (0,),
                "started_at": ago(hours=5),
                "ready_at": ago(hours=4, minutes=59),
                "base_url": base_url,
                "port": 8081,
            },
            PlanRequest(model="qwen/qwen3-embedding-0.6b", max_memory_bytes=6 * GIB),
        ),
        (
            "llama-3.3-70b",
            "meta/llama-3.3-70b-instruct",
            {
                "status": "starting",
                "phase": "loading weights",
                "gpu_indices": (1,),
                "started_at": ago(seconds=74),
                "progress": Progress(
                    fraction=0.62, detail="shard 19 of 30", expected_at=rfc3339(now + timedelta(seconds=105))
                ),
                "port": 8082,
            },
            PlanRequest(model="meta/llama-3.3-70b-instruct", quantization="FP8"),
        ),
        (
            "gemma-3-27b",
            "google/gemma-3-27b-it",
            {
                "status": "failed",
                "gpu_indices": (1,),
                "started_at": ago(minutes=31),
                "stopped_at": ago(minutes=30),
                "last_error": "the KV cache is too small for 131,072 tokens: 9.75 GiB needed, 4.13 GiB left",
                "error_evidence": "ValueError: To serve at least one request with the models's max seq len (131072)",
                "error_hints": ("modelscan deploy google/gemma-3-27b-it --context-length 55520 --replace",),
                "port": 8083,
            },
            PlanRequest(model="google/gemma-3-27b-it", context_length=32_768),
        ),
        (
            "whisper-large-v3",
            "openai/whisper-large-v3",
            {"status": "stopped", "on_demand": True, "stopped_at": ago(hours=2), "gpu_indices": (0,), "port": 8084},
            PlanRequest(model="openai/whisper-large-v3"),
        ),
    ]
    with Store(context.settings.paths, context.clock) as store:
        for number, (name, model, changes, request) in enumerate(entries):
            document = _deployment(context, f"{number:032x}", name, model, request, changes, ago(hours=6 - number))
            began = dataclasses.replace(document, status="pending", phase=None, last_error=None, base_url=None)
            store.create(record_of(began))
            store.write(record_of(dataclasses.replace(began, status="starting", phase="loading weights")))
            store.write(record_of(document))
    _write_logs(context, f"{3:032x}")
    _write_requests(context)


def _deployment(
    context: Context, identity: str, name: str, model: str, request: PlanRequest, changes: Mapping[str, Any], at: str
) -> Deployment:
    chosen = plan_model(context, request, described_hardware=HARDWARE).plan.chosen
    assert chosen is not None
    memory = chosen.memory_per_gpu
    port = changes.get("port")
    made = Deployment(
        id=identity,
        name=name,
        model=model,
        catalog_id=model,
        task=chosen.task,
        repo_id=chosen.repo_id,
        revision="b968826d9c46dd6066d109eabc6255188de91218",
        source=chosen.source,
        backend=chosen.backend,
        backend_version=chosen.backend_version,
        quantization=chosen.quantization,
        served_model_names=(name, model),
        max_model_len=chosen.max_model_len,
        max_concurrency=chosen.max_concurrency,
        memory=DeploymentMemory(
            estimated_bytes=memory.total_bytes,
            measured_bytes=round(memory.total_bytes * 0.987) if changes["status"] == "ready" else None,
            measured_parts=MeasuredParts(
                weights_bytes=round(memory.weights_bytes * 1.006), kv_cache_bytes=round(memory.kv_cache_bytes * 0.99)
            )
            if changes["status"] == "ready"
            else None,
        ),
        request={"model": model, "context_length": request.context_length}
        if request.context_length
        else {"model": model},
        argv=("vllm", "serve", chosen.repo_id, "--served-model-name", name, "--port", str(port)),
        plan=to_document(chosen),
        created_at=at,
        openai_base_url=f"http://127.0.0.1:{port}/v1",
        started_by="deploy",
    )
    return dataclasses.replace(made, **changes)


def _write_logs(context: Context, identity: str) -> None:
    folder = files_of(context.settings.paths, identity).folder
    private_folder(folder)
    began = context.clock.now() - timedelta(minutes=31)
    lines = [
        f"{(began + timedelta(seconds=2.7 * number)).strftime('%Y-%m-%dT%H:%M:%S.%f')[:-3]}Z {text}"
        for number, text in enumerate(_LOG.splitlines())
    ]
    (folder / BACKEND_LOG).write_text("\n".join(lines) + "\n")


def _write_requests(context: Context) -> None:
    """An hour of requests in the gateway's access log."""
    drawn, now, lines = random.Random(7), context.clock.now(), []  # noqa: S311  a picture
    for seconds in sorted(drawn.sample(range(3600), 420), reverse=True):
        at = (now - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        model, path, sent = drawn.choice(
            [("qwen3-8b", "/v1/chat/completions", 4200)] * 5
            + [("openai/gpt-5-mini", "/v1/chat/completions", 3100), ("qwen3-embedding", "/v1/embeddings", 9000)]
        )
        status = 200 if drawn.random() < 0.98 else 502  # noqa: PLR2004
        took = drawn.lognormvariate(6.4, 0.7) if "chat" in path else drawn.lognormvariate(3.2, 0.4)
        size, key = int(sent * drawn.uniform(0.4, 1.8)), drawn.choice(["laptop", "laptop", "ci", "page@modelscan"])
        lines.append(f"{at} POST {path} {status} {model} {model} 812 {size} {took:.1f}ms req-{seconds:05x} {key}")
    folder = gateway_files(context.settings.paths).folder
    private_folder(folder)
    (folder / log_name(GATEWAY)).write_text("\n".join(lines) + "\n")
