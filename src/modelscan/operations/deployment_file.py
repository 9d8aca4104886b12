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
from modelscan.model import Candidate, Plan, PlanRequest
from modelscan.operations.naming import deployment_name
from modelscan.operations.requests import check_env_names

_KEYS = frozenset(
    {*("name", "model", "source", "repo_id", "model_id", "revision", "quantization", "backend", "backend_version")}
    | {*("mode", "gpus", "parameters", "env", "port")}
)
_HINT = "modelscan plan ID --format yaml writes one"
_LARGEST = 1 << 20
_TEXTS = ("source", "revision", "quantization", "backend", "backend_version", "mode")


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentFile:
    request: PlanRequest
    name: str | None = None
    port: int | None = None


def deployment_document(plan: Plan) -> dict[str, Any]:
    """The chosen candidate as a deployment file. Empty where nothing fits."""
    chosen = plan.chosen
    if chosen is None:
        return {}
    repo = "model_id" if chosen.source == "modelscope" else "repo_id"
    found: dict[str, Any] = {
        "name": deployment_name(None, plan.model),
        "model": plan.model,
        "source": chosen.source,
        repo: chosen.repo_id,
        "revision": chosen.revision if "revision" in chosen.explicit else None,
        "quantization": chosen.quantization,
        "backend": chosen.backend,
        "backend_version": chosen.backend_version if "backend_version" in chosen.explicit else None,
        "mode": chosen.mode if chosen.mode != "standard" else None,
        "gpus": None if chosen.gpu_indices else "none",
        "parameters": _parameters(chosen),
        "env": dict(chosen.extra_env) or None,
    }
    return {"model": plan.model, "deployment": {key: value for key, value in found.items() if value is not None}}


def deployment_text(plan: Plan) -> str:
    import yaml

    document = deployment_document(plan)
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)) if document else ""


def _parameters(chosen: Candidate) -> list[str]:
    """The plan in the backend's own words, which fold into a request again."""
    sglang = chosen.backend == "sglang"
    words = {
        "--context-length" if sglang else "--max-model-len": chosen.max_model_len,
        "--max-running-requests" if sglang else "--max-num-seqs": chosen.max_num_seqs,
        "--tensor-parallel-size": chosen.tensor_parallel if chosen.gpu_indices else None,
        "--pipeline-parallel-size": chosen.pipeline_parallel if chosen.pipeline_parallel > 1 else None,
        "--dtype": chosen.dtype,
        "--kv-cache-dtype": chosen.kv_cache_dtype,
    }
    own = [f"{name}={value}" for name, value in words.items() if value is not None]
    eager = ["--enforce-eager"] if "enforce_eager" in chosen.explicit else []
    trust = ["--trust-remote-code"] if chosen.trust_remote_code else []
    share = "gpu_memory_utilization" in chosen.explicit
    used = [f"--gpu-memory-utilization={chosen.gpu_memory_utilization}"] if share else []
    return [*own, *used, *eager, *trust, *chosen.extra_args]


def read_deployment_file(path: Path) -> DeploymentFile:
    """Raises Usage, naming the key, for a file that is not one of these."""
    import yaml

    try:
        if path.stat().st_size > _LARGEST:
            raise Usage(f"`{path}` is too large for a deployment file")
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"`{path}` cannot be read", cause=[str(error)]) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise Usage(f"`{path}` is not YAML", cause=[" ".join(str(error).split())[:200]]) from error
    whole = _mapping(document, "the file")
    deployment = _mapping(whole.get("deployment", {}), "deployment")
    for key in [*(set(whole) - {"model", "deployment"}), *(set(deployment) - _KEYS)]:
        raise Usage(f"`{key}` is not a key of a deployment file", hints=[_HINT])
    repo = deployment.get("repo_id") or deployment.get("model_id")
    reference = _text(repo or deployment.get("model") or whole.get("model"), "model")
    values = {key: _text(deployment[key], key) for key in _TEXTS if deployment.get(key) is not None}
    if values.get("source") != "local_path" and reference.startswith(("/", "./", "../", "~")):
        values["source"] = "local_path"
    parameters = [_text(item, "parameters") for item in _list(deployment.get("parameters") or [], "parameters")]
    trust = "--trust-remote-code" in parameters
    env = {str(key): str(value) for key, value in _mapping(deployment.get("env") or {}, "env").items()}
    check_env_names(env)
    port = deployment.get("port")
    if port is not None and (not isinstance(port, int) or not 0 < port < 1 << 16):
        raise Usage(f"`port: {port}` is not a port")
    name = deployment.get("name")
    request = PlanRequest(
        model=reference,
        no_gpu=deployment.get("gpus") == "none",
        gpu_count=deployment["gpus"] if isinstance(deployment.get("gpus"), int) else None,
        backend_args=tuple(item for item in parameters if item != "--trust-remote-code"),
        env=env,
        trust_remote_code=trust,
        **values,  # type: ignore[arg-type]
    )
    return DeploymentFile(request=request, name=_text(name, "name") if name is not None else None, port=port)


def overridden(request: PlanRequest, by: PlanRequest) -> PlanRequest:
    """The request of a file with what was said besides it, which counts more."""
    changes = {
        field.name: value
        for field in dataclasses.fields(by)
        if (value := getattr(by, field.name)) and value != field.default
    }
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
