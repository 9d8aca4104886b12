"""One request that shows that an endpoint answers a client."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelscan.errors import BackendFailed, SourceUnavailable, Unauthorized
from modelscan.exports.clients.endpoint import ClientEndpoint
from modelscan.model.words import Task
from modelscan.system.streaming import post_for_lines

_SECONDS = 120.0
_HELLO = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1, "stream": True}  # as clients do
# By task: the path, what is asked, and what an answer, or one of its events, holds.
_REQUESTS: Mapping[Task, tuple[str, Mapping[str, Any], str]] = {
    "chat": ("/v1/chat/completions", _HELLO, "choices"),
    "completion": ("/v1/completions", {"prompt": "Hello", "max_tokens": 1}, "choices"),
    "embed": ("/v1/embeddings", {"input": "Hello"}, "data"),
    "rerank": ("/v1/rerank", {"query": "Hello", "documents": ["Hello"]}, "results"),
}
_ANTHROPIC = ("/v1/messages?beta=true", _HELLO, "message")


def prove(endpoint: ClientEndpoint, *, api: str = "openai", key: str | None = None) -> bool:
    """Whether it was asked, in the words of `api`: a task without a request of a few bytes is not.

    Raises BackendFailed where it does not answer, Unauthorized where it refuses the key.
    """
    if api != "anthropic" and endpoint.task not in _REQUESTS:
        return False
    path, document, holds = _ANTHROPIC if api == "anthropic" else _REQUESTS[endpoint.task]
    address = f"{endpoint.base_url}{path}"
    try:
        lines = list(post_for_lines(address, {"model": endpoint.model, **document}, key=key, timeout=_SECONDS))
    except SourceUnavailable as error:
        if error.code == "unauthorized":
            raise Unauthorized(
                f"`{endpoint.model}` refuses the key in `{endpoint.api_key_env}`"
                if endpoint.api_key_env
                else f"`{endpoint.model}` asks for a key that modelscan does not know of",
                cause=error.cause,
                hints=[f"modelscan status {endpoint.model} says by which variable it got its key"],
                details=error.details,
            ) from error
        raise _unproven(endpoint, error.message, error.cause) from error
    parts = list(_parts(lines))
    if any("error" in part for part in parts):
        raise _unproven(endpoint, f"`{address}` broke off with an error", [json.dumps(parts[-1])])
    if not any(holds in part for part in parts):
        raise _unproven(endpoint, f"`{address}` answered something else than was asked for", lines[:1])
    return True


def _parts(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The answer, or its events where it is a stream."""
    events = [line.removeprefix("data:") for line in lines if line.startswith("data:")]
    for text in events or ["\n".join(lines)]:
        try:
            found = json.loads(text)
        except ValueError:  # `[DONE]`, or no answer at all
            continue
        if isinstance(found, dict):
            yield found


def _unproven(endpoint: ClientEndpoint, message: str, cause: Iterable[str]) -> BackendFailed:
    return BackendFailed(
        f"`{endpoint.model}` does not answer: {message}",
        cause=cause,
        hints=[f"modelscan status {endpoint.model}", f"modelscan logs {endpoint.model} --tail 50"],
    )
