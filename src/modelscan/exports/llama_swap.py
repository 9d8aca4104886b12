"""Deployments as a configuration of llama-swap, which starts each at its first request and stops the last one."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from modelscan.backends.registry import BACKENDS
from modelscan.deployments.adapters import asked_with
from modelscan.exports.clients.endpoint import endpoint_to
from modelscan.model import Deployment

_START_SECONDS = 3600  # llama-swap's own 120 are less than a large model takes


def llama_swap_config(deployments: Iterable[Deployment]) -> dict[str, Any]:
    """Every deployment that is not removed and has a port.

    llama-swap takes the end of a command for the end of the model: so the command goes on with the log, which ends when
    the deployment does.
    """
    there = [item for item in deployments if item.removed_at is None and item.port is not None]
    uses = Counter(name for item in there for name in _names(item))
    return {
        "healthCheckTimeout": _START_SECONDS,
        "models": {
            item.name: _model(item, [name for name in _names(item) if name != item.name and uses[name] == 1])
            for item in sorted(there, key=lambda item: item.name)
        },
    }


def llama_swap_text(config: Mapping[str, Any]) -> str:
    head = (
        "# For llama-swap, from the deployments of modelscan. Write it again after a deploy, a remove or a new port.\n"
    )
    return head + yaml.safe_dump(dict(config), sort_keys=False, width=1000, allow_unicode=True)


def _names(item: Deployment) -> list[str]:
    return list(dict.fromkeys((item.name, *item.served_model_names, *_adapters(item))))


def _adapters(item: Deployment) -> list[str]:
    """Those that the backend knows as models: to ask for others, a request says more than a name."""
    return [name for name, said in asked_with(item).items() if said == {"model": name}]


def _model(item: Deployment, aliases: Sequence[str]) -> dict[str, Any]:
    """An alias that two models claim is refused by llama-swap: only those of its own are given. Where some are
    adapters, the backend is told the name that was asked for.
    """
    name, endpoint, backend = shlex.quote(item.name), endpoint_to(item), BACKENDS.get(item.backend)
    return {
        "cmd": f"sh -c 'modelscan start {name} && exec modelscan logs {name} --tail 0 --follow'",
        "cmdStop": f"modelscan stop {name}",
        "proxy": endpoint.base_url,
        **({"checkEndpoint": backend.loaded().runs.health_path()} if backend is not None else {}),
        **({} if _adapters(item) else {"useModelName": endpoint.model}),
        **({"aliases": list(aliases)} if aliases else {}),
        **({"ttl": int(item.idle_timeout_seconds)} if item.idle_timeout_seconds else {}),
    }
