"""Deployments as a configuration of LiteLLM's proxy, as version 1.108 reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from modelscan.backends.registry import BACKENDS
from modelscan.dataclasses import dataclass
from modelscan.deployments.adapters import asked_with
from modelscan.exports.clients.endpoint import NO_KEY, endpoint_to
from modelscan.model import Deployment, Task
from modelscan.parsing.text import clean_line

MARK = "# Written by modelscan"  # by which `routing.litellm_file` is known as ours
MASTER_KEY = "LITELLM_MASTER_KEY"
# LiteLLM's words for a model's task, by which it tests and prices an endpoint (docs.litellm.ai/docs/proxy/health).
_MODES: Mapping[Task, str] = {
    "chat": "chat",
    "completion": "completion",
    "embed": "embedding",
    "rerank": "rerank",
    "speech-to-text": "audio_transcription",
    "text-to-speech": "audio_speech",
    "text-to-image": "image_generation",
}
_SECONDS = 600  # a long prompt on a slow machine takes its time to the first token


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteModel:
    """A model that somebody else serves at `base_url`, `/v1` included (Ollama: without), and knows as `model`.

    `serves` are all names by which it is known there, `weighed` is the name of its weight.
    """

    name: str
    base_url: str
    model: str
    api_key_env: str | None = None
    task: Task = "chat"
    ollama: bool = False
    serves: tuple[str, ...] = ()
    weighed: str | None = None


Served = Deployment | RemoteModel


def litellm_config(
    deployments: Iterable[Deployment],
    *,
    keyless: bool = False,
    remote: Sequence[RemoteModel] = (),
    aliases: Mapping[str, str] | None = None,
    fallbacks: Mapping[str, Sequence[str]] | None = None,
    weights: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The whole configuration: an entry for each deployment that is ready and has a port, for each of its adapters and
    for each remote model, and one more under each name that several of them answer to, so that they share its load.

    LiteLLM does not start without a master key unless `keyless` says that everybody may ask. Names that lead nowhere
    are left out of `aliases` and `fallbacks`: LiteLLM would refuse the file.
    """
    there = (item for item in deployments if item.status == "ready" and item.removed_at is None and not item.socket)
    ready = sorted(there, key=lambda item: item.name)
    groups = _groups(ready, remote)
    models = [
        _remote_entry(name, item, weight) if isinstance(item, RemoteModel) else _entry(name, item, weight)
        for name, members in groups.items()
        for item, weight in _weighted(members, weights or {})
    ]
    for item in ready:
        models += [_entry(name, item, None, said) for name, said in asked_with(item).items() if name not in groups]
    names = {item["model_name"] for item in models}
    led = {name: target for name, target in (aliases or {}).items() if target in names and name not in names}
    after = [{name: kept} for name, kept in _reachable(fallbacks or {}, names | set(led)).items()]
    return {
        "model_list": models,
        "router_settings": {
            "routing_strategy": "simple-shuffle",
            "num_retries": 1,
            **({"model_group_alias": led} if led else {}),
            **({"fallbacks": after} if after else {}),
        },
        "litellm_settings": {"drop_params": True, "request_timeout": _SECONDS, "telemetry": False},
        "general_settings": {"dangerously_permit_weak_or_unset_master_key": True}
        if keyless
        else {"master_key": f"os.environ/{MASTER_KEY}"},
    }


def litellm_text(config: Mapping[str, Any], left_out: Sequence[str] = ()) -> str:
    """The file, with what is needed to start it. `left_out` are names of models whose keys no variable has."""
    keyed = "master_key" in config["general_settings"]
    named = {str(item["litellm_params"].get("api_key", "")) for item in config["model_list"]}
    variables = sorted(name.removeprefix("os.environ/") for name in named if name.startswith("os.environ/"))
    start = "litellm --config THIS-FILE --host 127.0.0.1 --port 4000"
    head = [
        f"{MARK} for LiteLLM 1.108, from the deployments that are ready.",
        "# Where `routing.litellm_file` names this file it is written anew with every change of a route.",
        f"# Start it:  {f'{MASTER_KEY}=sk-CHOOSE-ONE ' if keyed else ''}{start}",
        "# LiteLLM reads this file once, when it starts: restart it after a change.",
    ]
    if not keyed:
        head.append("# No key is asked for: whoever reaches the port may use the models.")
    if variables:
        head.append(f"# It must find these variables, each with a key: {', '.join(variables)}.")
    if left_out:
        head += [
            f"# Left out, as only modelscan's secret store has their keys: {', '.join(map(clean_line, left_out))}.",
            "# The gateway serves them; for LiteLLM: modelscan model add NAME --upstream URL --api-key-env VARIABLE",
        ]
    body = yaml.safe_dump(dict(config), sort_keys=False, width=1000, allow_unicode=True)
    return "".join(f"{line}\n" for line in head) + body


def _entry(
    name: str, deployment: Deployment, weight: int | None, said: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A backend says which of LiteLLM's prefixes is its own; `openai/` is that of any other that speaks its API. `said`
    is what a request says to be answered with an adapter.

    `model_info.id` must be unique in the file: it is the deployment's id, with the name where that is shared.
    """
    said = said or {}
    endpoint = endpoint_to(deployment)
    backend = BACKENDS.get(deployment.backend)
    prefix = backend.about.litellm if backend is not None else "openai"
    params = {
        "model": f"{prefix}/{said.get('model', endpoint.model)}",
        "api_base": _base(endpoint.base_url, endpoint.openai_base_url, deployment.task),
        "api_key": _key(deployment.api_key_env),
        "weight": weight,
        "extra_body": {key: value for key, value in said.items() if key != "model"} or None,
    }
    info = {
        "id": deployment.id if name == deployment.name else f"{deployment.id}:{name}",
        "mode": _MODES.get(deployment.task),
        "max_input_tokens": deployment.max_model_len,
    }
    return {"model_name": name, "litellm_params": _known(params), "model_info": _known(info)}


def _remote_entry(name: str, item: RemoteModel, weight: int | None) -> dict[str, Any]:
    """Of Ollama's two prefixes `ollama_chat/` keeps the model's chat template; `ollama/` is the one for embeddings."""
    if item.ollama:
        params: dict[str, Any] = {
            "model": f"{'ollama' if item.task == 'embed' else 'ollama_chat'}/{item.model}",
            "api_base": item.base_url.rstrip("/").removesuffix("/v1"),
            "stream_timeout": _SECONDS,  # the first request waits for the model to be loaded
        }
    else:
        params = {
            "model": f"openai/{item.model}",
            "api_base": item.base_url,
            "api_key": _key(item.api_key_env),
        }
    params["weight"] = weight
    info = {
        "id": f"upstream:{item.name}" + ("" if name == item.name else f":{name}"),
        "mode": _MODES.get(item.task),
    }
    return {"model_name": name, "litellm_params": _known(params), "model_info": _known(info)}


def _base(bare: str, with_version: str, task: Task) -> str:
    """LiteLLM asks for rerankings at `{api_base}/rerank`, for all else at paths that follow `/v1`."""
    return bare if task == "rerank" else with_version


def _key(variable: str | None) -> str:
    return f"os.environ/{variable}" if variable else NO_KEY


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _groups(ready: Sequence[Deployment], remote: Sequence[RemoteModel]) -> dict[str, list[Served]]:
    """Who serves each name, as the gateway has it: a name of its own leads each of them to what was given that name, a
    remote model's to deployments that answer to it too; any other is there where several of one task answer to it.
    """
    groups: dict[str, list[Served]] = {}
    everyone: list[Served] = [*ready, *remote]
    for item in everyone:
        groups.setdefault(item.name, []).append(item)
    found: dict[str, list[Served]] = {}
    deployed = {item.name for item in ready}
    for item in everyone:
        answers_to = item.serves if isinstance(item, RemoteModel) else item.served_model_names
        for name in set(answers_to) - deployed:
            found.setdefault(name, []).append(item)
    for name, members in sorted(found.items()):
        same = [item for item in members if item.task == groups.get(name, members)[0].task]
        if name in groups:
            groups[name] += [item for item in same if isinstance(item, Deployment)]
        elif len(same) > 1:
            groups[name] = same
    return groups


def _weighted(members: Sequence[Served], weights: Mapping[str, int]) -> list[tuple[Served, int | None]]:
    """LiteLLM wants a weight on all of a group or on none."""
    if len(members) == 1 or not any(_weighed(item) in weights for item in members):
        return [(item, None) for item in members]
    return [(item, weights.get(_weighed(item), 1)) for item in members]


def _weighed(item: Served) -> str:
    return (item.weighed if isinstance(item, RemoteModel) else None) or item.name


def _reachable(fallbacks: Mapping[str, Sequence[str]], names: set[str]) -> dict[str, list[str]]:
    kept = {name: [target for target in targets if target in names] for name, targets in fallbacks.items()}
    return {name: targets for name, targets in kept.items() if targets and name in names}
