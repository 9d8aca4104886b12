"""Asking a deployed model: the deployment that answers, and its streamed answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.deployments.document import deployment_of
from modelscan.deployments.store import Store
from modelscan.errors import BackendFailed, DeploymentNotFound, SourceUnavailable, Usage
from modelscan.exports.clients.endpoint import endpoint_to
from modelscan.model import Candidate, Deployment, Task
from modelscan.model.events import Ask, Report
from modelscan.running.connecting.endpoint import key_of
from modelscan.running.deploy import deploy_model
from modelscan.running.start import start_deployment
from modelscan.selecting.context import Context
from modelscan.selecting.requests import DeployRequest, request_document
from modelscan.selecting.resolve import canonical_id
from modelscan.system.streaming import post_for_lines
from modelscan.targets.deployments import require_port

# The default max_tokens of /v1/completions is 16 in vLLM and SGLang.
_COMPLETION_TOKENS = 256

# Tasks that take no prompt: a description, and the path of the endpoint.
_OTHER_TASKS: Mapping[Task, tuple[str, str | None]] = {
    "embed": ("turns text into embeddings", "/v1/embeddings"),
    "rerank": ("ranks documents", "/v1/rerank"),
    "speech-to-text": ("turns speech into text", "/v1/audio/transcriptions"),
    "text-to-speech": ("turns text into speech", "/v1/audio/speech"),
    "text-to-image": ("generates images", "/v1/images/generations"),
    "text-to-video": ("generates videos", None),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """`role` is `system`, `user` or `assistant`."""

    role: str
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """None leaves a value to the backend, which knows the defaults of the model."""

    max_tokens: int | None = None
    temperature: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of a streamed answer. The last one carries the finish reason and the token counts."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenCounts:
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MeasuredAnswer:
    """What `--json` prints. Times are measured on this side, from the moment of the request."""

    deployment: str
    model: str
    answer: str
    reasoning: str | None
    finish_reason: str | None
    usage: TokenCounts
    ttft_ms: float | None
    decode_tokens_per_second: float | None


def answering_deployment(context: Context, wanted: DeployRequest, *, report: Report, ask: Ask) -> Deployment:
    """The ready deployment of a model, deployed or started if needed.

    Given only a name, any deployment of that name or model will do. Raises Usage for a model that takes no prompt, and
    what `deploy_model` and `start_deployment` raise.
    """
    plain = request_document(wanted, model_id="") == {"model": ""}
    found = _existing(context, wanted.plan.model) if plain else None
    if found is None:

        def accept(chosen: Candidate) -> None:
            _refuse_other_tasks(wanted.plan.model, chosen.task, None)

        found = deploy_model(
            context, dataclasses.replace(wanted, accept=accept, started_by="run"), report=report, ask=ask
        ).deployment
        _refuse_other_tasks(found.name, found.task, found)
        require_port(found)
        if found.status == "stopped":  # one that starts on demand: this is the demand
            return start_deployment(context, found.id, timeout=wanted.timeout, report=report)
        return found
    _refuse_other_tasks(found.name, found.task, found)
    require_port(found)
    now = context.deployments.now(found.id)
    if now.status in {"ready", "unhealthy"}:
        return now
    return start_deployment(context, found.id, timeout=wanted.timeout, report=report)


def _existing(context: Context, reference: str) -> Deployment | None:
    """The deployment of this name, or of the model it resolves to. Raises ModelAmbiguous for several."""
    with Store.for_reading(context.settings.paths, context.clock) as store:
        for known in (reference, canonical_id(context, reference)):
            with contextlib.suppress(DeploymentNotFound):
                if known is not None:
                    return deployment_of(store.get(known))
    return None


def _refuse_other_tasks(name: str, task: Task, deployment: Deployment | None) -> None:
    if task not in _OTHER_TASKS:
        return
    does, path = _OTHER_TASKS[task]
    hints = [] if deployment is not None else [f"modelscan deploy {name}"]
    if path is not None:
        base = deployment.base_url if deployment is not None and deployment.base_url else "http://127.0.0.1:PORT"
        hints.append(f"send requests to its endpoint: {base}{path}")
    raise Usage(f"`{name}` {does} and does not answer prompts", hints=hints, details={"task": task})


def answer(
    context: Context, deployment: Deployment, messages: Sequence[Message], sampling: Sampling | None = None
) -> Generator[Piece]:
    """Stream the model's answer; closing the iterator ends it.

    Raises ConfigInvalid (the variable of the key is not set), Unauthorized (not the key it was started with),
    BackendFailed with the backend's error.
    """
    chat = deployment.task != "completion"
    endpoint = endpoint_to(deployment)
    key = key_of(context, endpoint)
    address = f"{endpoint.openai_base_url}/{'chat/' if chat else ''}completions"
    lines = post_for_lines(address, _request(deployment, messages, sampling, chat=chat), key=key)
    try:
        for line in lines:
            if line.startswith("data:") and (data := line.removeprefix("data:").strip()) != "[DONE]":
                yield _piece(deployment, data)
    except SourceUnavailable as error:
        if error.code == "unauthorized":
            raise
        raise BackendFailed(
            f"`{deployment.name}` did not answer: {error.message}",
            cause=error.cause,
            hints=[f"modelscan status {deployment.name}", f"modelscan logs {deployment.name} --tail 50"],
            details=error.details,
        ) from error


def _request(
    deployment: Deployment, messages: Sequence[Message], sampling: Sampling | None, *, chat: bool
) -> dict[str, Any]:
    chosen = sampling or Sampling()
    body: dict[str, Any] = {
        "model": deployment.served_model_names[0] if deployment.served_model_names else deployment.model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": chosen.temperature,
        "max_tokens": chosen.max_tokens if chat else chosen.max_tokens or _COMPLETION_TOKENS,
    }
    if chat:
        body["messages"] = [{"role": message.role, "content": message.content} for message in messages]
    else:
        body["prompt"] = messages[-1].content
    return {name: value for name, value in body.items() if value is not None}


def _piece(deployment: Deployment, data: str) -> Piece:
    try:
        event = json.loads(data)
        if error := event.get("error"):
            raise SourceUnavailable("the answer broke off", cause=[_error_text(error)])
        choice: dict[str, Any] = next(iter(event.get("choices") or ()), {})
        part = choice.get("delta") or choice
        usage = event.get("usage") or {}
        return Piece(
            text=part.get("content") or part.get("text") or "",
            reasoning=part.get("reasoning") or part.get("reasoning_content") or "",
            finish_reason=choice.get("finish_reason"),
            prompt_tokens=usage.get("prompt_tokens"),
            completion_tokens=usage.get("completion_tokens"),
        )
    except (ValueError, AttributeError, TypeError):
        raise SourceUnavailable(f"`{deployment.name}` sent something that is not a valid event", cause=[data]) from None


def _error_text(error: object) -> str:
    return str(error.get("message", error)) if isinstance(error, Mapping) else str(error)
