"""The adapters of a deployment, as a client has to ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelscan.backends.registry import BACKENDS
from modelscan.model import Deployment


def asked_with(deployment: Deployment) -> dict[str, Mapping[str, Any]]:
    """By their names, what a request says in its body to be answered with them."""
    adapts = BACKENDS[deployment.backend].adapts if deployment.adapters else None
    if adapts is None:
        return {}
    model = deployment.served_model_names[0] if deployment.served_model_names else deployment.name
    return {one.name: adapts.asks_for(one.name, number, model) for number, one in enumerate(deployment.adapters)}
