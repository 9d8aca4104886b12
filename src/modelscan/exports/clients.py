"""What other programs read: variables for clients, LiteLLM's list. A key is only ever named by the user's variable."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from modelscan.model import Deployment, Task

_NO_KEY = "none"  # clients of the OpenAI API require a key even when the server does not
# LiteLLM's words for a model's task, by which it tests and prices an endpoint (docs.litellm.ai/docs/proxy/health).
_LITELLM_MODES: Mapping[Task, str] = {
    "chat": "chat",
    "completion": "completion",
    "embed": "embedding",
    "rerank": "rerank",
    "speech-to-text": "audio_transcription",
}


def env_variables(deployment: Deployment) -> dict[str, str]:
    """Names and values; the key's value is `$VARIABLE`, for a shell to fill in."""
    address = deployment.openai_base_url or f"http://127.0.0.1:{deployment.port}/v1"
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
