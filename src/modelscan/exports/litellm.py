"""Deployments as a configuration of LiteLLM's proxy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelscan.backends.registry import BACKENDS
from modelscan.exports.clients import _LITELLM_MODES, _NO_KEY, env_variables
from modelscan.model import Deployment


def litellm_config(deployments: Iterable[Deployment]) -> dict[str, Any]:
    """`model_list` of LiteLLM's proxy for deployments that are ready, by name.

    A backend says which of its prefixes is its own; `openai/` is that of any other that speaks OpenAI's API;
    `os.environ/NAME` makes it read the key from a variable (docs.litellm.ai/docs/proxy/configs; ran with 1.106).
    """
    ready = [item for item in deployments if item.status == "ready" and item.removed_at is None]
    return {"model_list": [_litellm_model(item) for item in sorted(ready, key=lambda item: item.name)]}


def _litellm_model(deployment: Deployment) -> dict[str, Any]:
    variables = env_variables(deployment)
    backend = BACKENDS.get(deployment.backend)
    prefix = backend.about.litellm if backend is not None else "openai"
    info = {"mode": _LITELLM_MODES.get(deployment.task), "max_input_tokens": deployment.max_model_len}
    return {
        "model_name": deployment.name,
        "litellm_params": {
            "model": f"{prefix}/{variables['MODEL_NAME']}",
            "api_base": variables["OPENAI_BASE_URL"],
            "api_key": f"os.environ/{deployment.api_key_env}" if deployment.api_key_env else _NO_KEY,
        },
        "model_info": {key: value for key, value in info.items() if value is not None},
    }
