"""What a client has to know of an endpoint."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.model import Deployment
from modelscan.model.words import Task

NO_KEY = "none"  # clients of the OpenAI API require a key even when the server does not
_TOOL_CALLS = "--tool-call-parser"  # without it tool calls arrive as text
_MOST_OUTPUT_TOKENS = 8192


@dataclass(frozen=True, kw_only=True, slots=True)
class ClientEndpoint:
    """`base_url` has no path, `model` is the name to ask for. A key is only named, by the variable that holds it.

    `context_length` is shared by prompt and answer; `tool_calls` says whether the answer's can be read as such.
    """

    base_url: str
    model: str
    api_key_env: str | None = None
    task: Task = "chat"
    context_length: int | None = None
    tool_calls: bool = False

    @property
    def openai_base_url(self) -> str:
        return f"{self.base_url}/v1"

    @property
    def output_tokens(self) -> int | None:
        """How long an answer a client should ask for: a quarter of the context, so that the prompt has its room."""
        return None if self.context_length is None else max(1, min(_MOST_OUTPUT_TOKENS, self.context_length // 4))


def endpoint_to(deployment: Deployment) -> ClientEndpoint:
    """The deployment's own endpoint."""
    names = deployment.served_model_names
    return ClientEndpoint(
        base_url=deployment.base_url or f"http://127.0.0.1:{deployment.port}",
        model=names[0] if names else deployment.name,
        api_key_env=deployment.api_key_env,
        task=deployment.task,
        context_length=deployment.max_model_len,
        tool_calls=any(word.partition("=")[0] == _TOOL_CALLS for word in deployment.argv),
    )
