"""What other programs read: variables for clients, LiteLLM's list. A key is only ever named by the user's variable."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from modelscan.model import Deployment, Task

_NO_KEY = "none"  # clients of the OpenAI API insist on a key, also where none is asked for
# LiteLLM's words for what a model does; it tests and prices an endpoint by them (docs.litellm.ai/docs/proxy/health).
_LITELLM_MODES: Mapping[Task, str] = {
    "chat": "chat",
    "completion": "completion",
    "embed": "embedding",
    "rerank": "rerank",
    "speech-to-text": "audio_transcription",
}


def env_variables(deployment: Deployment) -> dict[str, str]:
    """Names and values; the key's value is `$VARIABLE`, for a shell to fill in."""
    address = deployment.openai_base_url or f"http://localhost:{deployment.port}/v1"
    names = deployment.served_model_names
    return {
        "OPENAI_BASE_URL": address,
        "OPENAI_API_KEY": f"${deployment.api_key_env}" if deployment.api_key_env else _NO_KEY,
        "MODEL_API_URL": address,
        "MODEL_NAME": names[0] if names else deployment.name,
    }


def env_lines(deployment: Deployment) -> tuple[str, ...]:
    """Lines for `eval` in a POSIX shell, quoted where needed."""
    key = f'"${deployment.api_key_env}"' if deployment.api_key_env else _NO_KEY
    return tuple(
        f"export {name}={key if name == 'OPENAI_API_KEY' else shlex.quote(value)}"
        for name, value in env_variables(deployment).items()
    )


def litellm_config(deployments: Iterable[Deployment]) -> dict[str, Any]:
    """`model_list` of LiteLLM's proxy for deployments that are ready, by name.

    `hosted_vllm/` and `openai/` are its prefixes for a vLLM server and for any other that speaks OpenAI's API;
    `os.environ/NAME` makes it read the key from a variable (docs.litellm.ai/docs/proxy/configs; ran with 1.106).
    """
    ready = [item for item in deployments if item.status == "ready" and item.removed_at is None]
    return {"model_list": [_litellm_model(item) for item in sorted(ready, key=lambda item: item.name)]}


def _litellm_model(deployment: Deployment) -> dict[str, Any]:
    variables = env_variables(deployment)
    prefix = "hosted_vllm" if deployment.backend == "vllm" else "openai"
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
