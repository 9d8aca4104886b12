"""The deployment file: what `plan --format yaml` writes and `deploy --file` reads, so that a plan can be kept.

It says what a user could have said by options: the weights, their format, the backend, its arguments. What the
planner knows of those enters the plan again, so that the file is checked against the machine it is used on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelscan.errors import Usage
from modelscan.model import HUB_SOURCES, Candidate, Gpu, GpuFilters, Plan, PlanRequest
from modelscan.operations.naming import deployment_name
from modelscan.operations.planning import Planned
from modelscan.operations.requests import check_env_names, parse_gpus
from modelscan.planning.options.gpu_filters import read_gpu_filters
from modelscan.units import GIB, MIB, parse_bytes

_KEYS = frozenset(
    {*("name", "model", "source", "repo_id", "model_id", "revision", "quantization", "backend", "backend_version")}
    | {*("mode", "gpus", "gpu_filters", "max_memory", "parameters", "env", "port")}
)
_HINT = "modelscan plan ID --format yaml writes one"
_LARGEST = 1 << 20
_TEXTS = ("source", "revision", "quantization", "backend", "backend_version", "mode")
# Words among the parameters that mean something to us and not to the backend.
_OURS = {"--trust-remote-code": "trust_remote_code", "--allow-pickle": "allow_pickle"}


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentFile:
    request: PlanRequest
    name: str | None = None
    port: int | None = None


def deployment_document(planned: Planned) -> dict[str, Any]:
    """The chosen candidate as a deployment file. Empty where nothing fits."""
    plan, request, chosen = planned.plan, planned.request, planned.plan.chosen
    if chosen is None:
        return {}
    # What no catalog knows is named by its place: a folder's own name may be a model's.
    hub = chosen.source in HUB_SOURCES
    model = plan.model if planned.resolved.model else chosen.repo_id if hub else planned.resolved.asked_for
    repo = "model_id" if chosen.source == "modelscope" else "repo_id"
    found: dict[str, Any] = {
        "name": deployment_name(None, plan.model),
        "model": model,
        "source": chosen.source,
        repo: chosen.repo_id,
        "revision": request.revision,
        "quantization": chosen.quantization,
        "backend": chosen.backend,
        "backend_version": request.backend_version,
        "mode": chosen.mode if chosen.mode != "standard" else None,
        "gpus": _gpus(chosen, request),
        "gpu_filters": _filters(plan, chosen, request),
        "max_memory": _size(request.max_memory_bytes),
        "parameters": _parameters(chosen, request),
        "env": dict(chosen.extra_env) or None,
    }
    return {"model": model, "deployment": {key: value for key, value in found.items() if value is not None}}


def deployment_text(planned: Planned) -> str:
    import yaml

    document = deployment_document(planned)
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)) if document else ""


def _size(count: int | None) -> str | None:
    return None if count is None else f"{count // MIB}MiB" if count % MIB == 0 else str(count)


def _gpus(chosen: Candidate, request: PlanRequest) -> str | int | list[int | str] | None:
    """Which GPUs, or how many, where the user said so: others would do as well for a plan that chose them itself."""
    if not chosen.gpu_indices:
        return "none"
    return [int(word) if word.isdecimal() else word for word in request.gpus] or request.gpu_count


def _filters(plan: Plan, chosen: Candidate, request: PlanRequest) -> dict[str, Any] | None:
    """What the plan counts on in a GPU: the least of those that it uses."""
    if request.gpu_filters is not None:
        return _document(request.gpu_filters)
    used = [gpu for gpu in plan.hardware.devices if chosen.uses(gpu)]
    if not used:
        return None
    sizes = [gpu.memory_total_bytes for gpu in used]
    known = [size for size in sizes if size is not None]
    least = min((gpu.compute_capability for gpu in used if gpu.compute_capability), key=float, default=None)
    return _document(
        GpuFilters(
            vendor=tuple(sorted({gpu.vendor for gpu in used})),
            min_memory_gb=min(known) // GIB if len(known) == len(sizes) else None,
            compute_capability=f">={least}" if least and all(_is_known(gpu) for gpu in used) else None,
        )
    )


def _is_known(gpu: Gpu) -> bool:
    return gpu.compute_capability is not None


def _document(filters: GpuFilters) -> dict[str, Any]:
    vendor = filters.vendor[0] if len(filters.vendor) == 1 else list(filters.vendor) or None
    found = {
        "vendor": vendor,
        "min_memory_gb": filters.min_memory_gb,
        "compute_capability": filters.compute_capability,
    }
    return {key: value for key, value in found.items() if value is not None}


def _parameters(chosen: Candidate, request: PlanRequest) -> list[str]:
    """The plan in the backend's own words, which fold into a request again, and our own that go with them."""
    sglang = chosen.backend == "sglang"
    length = "--context-length" if sglang else "--max-model-len"
    words = {
        length: chosen.max_model_len if length in chosen.argv else None,  # encoders are not told
        "--max-running-requests" if sglang else "--max-num-seqs": chosen.max_num_seqs,
        "--tensor-parallel-size": chosen.tensor_parallel if chosen.gpu_indices else None,
        "--pipeline-parallel-size": chosen.pipeline_parallel if chosen.gpu_indices else None,
        "--dtype": chosen.dtype,
        "--kv-cache-dtype": chosen.kv_cache_dtype,
        "--mem-fraction-static" if sglang else "--gpu-memory-utilization": request.gpu_memory_utilization,
    }
    own = [f"{name}={value}" for name, value in words.items() if value is not None]
    eager = ["--enforce-eager"] if request.enforce_eager else []
    said = [word for word, field in _OURS.items() if getattr(request, field)]
    return [*own, *eager, *said, *chosen.extra_args]


def read_deployment_file(path: Path) -> DeploymentFile:
    """Raises Usage, naming the key, for a file that is not one of these."""
    import yaml

    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)  # a device has no size, and may have no end
        if len(content) > _LARGEST:
            raise Usage(f"`{path}` is too large for a deployment file")
        document = yaml.safe_load(content.decode())
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"`{path}` cannot be read", cause=[str(error)]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Usage(f"`{path}` is not YAML", cause=[" ".join(str(error).split())[:200]]) from error
    whole = _mapping(document, "the file")
    deployment = _mapping(whole.get("deployment", {}), "deployment")
    for key in [*(set(whole) - {"model", "deployment"}), *(set(deployment) - _KEYS)]:
        raise Usage(f"`{key}` is not a key of a deployment file", hints=[_HINT])
    name, port = deployment.get("name"), deployment.get("port")
    if port is not None and (not isinstance(port, int) or not 0 < port < 1 << 16):
        raise Usage(f"`port: {port}` is not a port")
    return DeploymentFile(
        request=_request(whole, deployment), name=_text(name, "name") if name is not None else None, port=port
    )


def _request(whole: Mapping[str, Any], deployment: Mapping[str, Any]) -> PlanRequest:
    repo = deployment.get("repo_id") or deployment.get("model_id")
    model = deployment.get("model") or whole.get("model")
    values = {key: _text(deployment[key], key) for key in _TEXTS if deployment.get(key) is not None}
    reference = _text(model or repo, "model")
    if "source" not in values and reference.startswith(("/", "./", "../", "~")):
        values["source"] = "local_path"
    parameters = [_text(item, "parameters") for item in _list(deployment.get("parameters") or [], "parameters")]
    env = {str(key): str(value) for key, value in _mapping(deployment.get("env") or {}, "env").items()}
    check_env_names(env)
    filters = deployment.get("gpu_filters")
    memory = deployment.get("max_memory")
    return PlanRequest(
        model=reference,
        repo_id=_text(repo, "repo_id") if repo is not None and model not in {None, repo} else None,
        gpu_filters=read_gpu_filters(_mapping(filters, "gpu_filters")) if filters is not None else None,
        max_memory_bytes=parse_bytes(str(memory)) if memory is not None else None,
        backend_args=tuple(item for item in parameters if item not in _OURS),
        env=env,
        **_read_gpus(deployment.get("gpus")),
        trust_remote_code="--trust-remote-code" in parameters,
        allow_pickle="--allow-pickle" in parameters,
        **values,  # type: ignore[arg-type]
    )


def _read_gpus(value: object) -> dict[str, Any]:
    """`none`, how many, or which: a list of indices and UUIDs."""
    if value is None:
        return {}
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return {"gpu_count": value}
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not all(isinstance(item, int | str) for item in words):
        raise Usage(f"`gpus: {value}` names no GPUs", hints=["write it like gpus: none, gpus: 2 or gpus: [0, 1]"])
    chosen, none = parse_gpus([str(item) for item in words])
    return {"gpus": chosen, "no_gpu": none}


def overridden(request: PlanRequest, by: PlanRequest) -> PlanRequest:
    """The request of a file with what was said besides it, which counts more."""
    changes = {
        field.name: value
        for field in dataclasses.fields(by)
        if (value := getattr(by, field.name)) and value != field.default
    }
    if changes.keys() & {"model", "source", "quantization"}:
        changes["repo_id"] = None  # other weights than the file's
    return dataclasses.replace(request, **changes)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Usage(f"`{name}` of a deployment file must have keys", hints=[_HINT])
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Usage(f"`{name}` of a deployment file must be a list")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise Usage(f"`{name}` of a deployment file must be text")
    return value
