"""The deployment file: what `plan --format yaml` writes and `deploy --file` reads, so that a plan can be kept.

It says what a user could have said by options: the weights, their format, the backend, its arguments. What the
planner knows of those enters the plan again, so that the file is checked against the machine it is used on.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.errors import Usage
from modelscan.exports.plan_file import OWN_WORDS
from modelscan.model import PlanRequest
from modelscan.parsing.problems import yaml_problem
from modelscan.planning.options.gpu_filters import read_gpu_filters
from modelscan.selecting.adapters.words import parse_adapters
from modelscan.selecting.requests import check_env_names, parse_gpus
from modelscan.units import parse_bytes

_KEYS = frozenset(
    {*("name", "model", "source", "repo_id", "model_id", "revision", "quantization", "backend", "backend_version")}
    | {*("task", "mode", "adapters", "gpus", "gpu_filters", "max_memory", "max_host_memory", "parameters")}
    | {"env", "port"}
)
_HINT = "modelscan plan ID --format yaml writes one"
_LARGEST = 1 << 20
_TEXTS = ("source", "revision", "quantization", "backend", "backend_version", "task", "mode")


@dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentFile:
    request: PlanRequest
    name: str | None = None
    port: int | None = None


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
        raise Usage(f"`{path}` is not YAML", cause=[yaml_problem(error)], hints=[_HINT]) from error
    whole = _mapping(document, "the file")
    deployment = _mapping(whole.get("deployment", {}), "deployment")
    for key in [*(set(whole) - {"model", "deployment"}), *(set(deployment) - _KEYS)]:
        near = get_close_matches(key, sorted(_KEYS), n=1)
        known = [f"did you mean `{near[0]}`?"] if near else [f"keys: {', '.join(sorted(_KEYS))}"]
        raise Usage(f"`{key}` is not a key of a deployment file", hints=[*known, _HINT])
    name, port = deployment.get("name"), deployment.get("port")
    if port is not None and (not isinstance(port, int) or not 0 < port < 1 << 16):
        raise Usage(f"`port: {port}` is not a valid port")
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
    memory, host_memory = deployment.get("max_memory"), deployment.get("max_host_memory")
    return PlanRequest(
        model=reference,
        repo_id=_text(repo, "repo_id") if repo is not None and model not in {None, repo} else None,
        adapters=parse_adapters(
            [f"{name}={place}" for name, place in _mapping(deployment.get("adapters") or {}, "adapters").items()]
        ),
        gpu_filters=read_gpu_filters(_mapping(filters, "gpu_filters")) if filters is not None else None,
        max_memory_bytes=parse_bytes(str(memory)) if memory is not None else None,
        max_host_memory_bytes=parse_bytes(str(host_memory)) if host_memory is not None else None,
        backend_args=tuple(item for item in parameters if item not in OWN_WORDS),
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
        raise Usage(f"`gpus: {value}` does not name GPUs", hints=["write it like gpus: none, gpus: 2 or gpus: [0, 1]"])
    chosen, none = parse_gpus([str(item) for item in words])
    return {"gpus": chosen, "no_gpu": none}


def overridden(request: PlanRequest, by: PlanRequest) -> PlanRequest:
    """The request of a file with what was said besides it, which counts more."""
    changes = {
        name: value
        for name, default in dataclasses.defaults(by).items()
        if (value := getattr(by, name)) and value != default
    }
    if by.env:
        changes["env"] = {**request.env, **by.env}
    changes["allow_env"] = tuple(name for name in by.allow_env if name in by.env)  # of what was typed, not of the file
    if changes.keys() & {"model", "source", "quantization"}:
        changes["repo_id"] = None  # other weights than the file's
    return dataclasses.replace(request, **changes)


def _mapping(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Usage(f"`{name}` of a deployment file must be a mapping", hints=[_HINT])
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise Usage(f"`{name}` of a deployment file must be a list")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise Usage(f"`{name}` of a deployment file must be text")
    return value
