"""POST /v1/chat/completions, whole or as server-sent events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.pictures import with_images
from modelscan_serving.handlers.protocols import ChatGeneration
from modelscan_serving.handlers.routes.request import (
    ServedModel,
    body_of,
    call,
    flag,
    model_for,
    number,
    told,
    waited_for,
)

_MOST_NEW_TOKENS = 1_000_000  # the model's own context is what bounds
_USUAL_NEW_TOKENS = 1024
_REFUSED = ("tools", "functions", "logprobs", "top_logprobs", "logit_bias", "audio")
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


async def complete(request: Request) -> Response:
    body = await body_of(request)
    model = model_for(request, body.get("model"), "chat-completion")
    _refuse_unserved(body, model)
    messages = await with_images(
        _messages(body.get("messages")),
        takes_images="vision" in model.capabilities,
        fetch=request.app.state.serving.fetch_image,
    )
    options = _options(body, model)
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": body["model"]}
    streams, usage = _streaming(body)
    if streams:
        events = _events(request, model, messages, options, head, with_usage=usage)
        return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-store"})
    made: ChatGeneration = await call(request, model, model.handler.generate, messages, **options)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": made.text},
        "finish_reason": _reason(made, options),
        "logprobs": None,
    }
    return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": _usage(made)})


def _refuse_unserved(body: dict[str, Any], model: ServedModel) -> None:
    """What would be answered as if it had not been asked is refused."""
    for name in _REFUSED:
        if body.get(name):
            raise ApiError(f"The model `{body['model']}` does not support `{name}`.", param=name)
    if body.get("n") is not None and body["n"] != 1:
        raise ApiError("`n` is 1.", param="n")
    form = body.get("response_format")
    if form is None:
        return
    if not isinstance(form, dict) or not isinstance(form.get("type"), str):
        raise ApiError("`response_format` is an object with a `type`.", param="response_format")
    if form["type"] != "text" and not model.structured:
        raise ApiError(f"The model `{body['model']}` does not support structured outputs.", param="response_format")


def _streaming(body: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the answer is streamed, and whether its usage is told then."""
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise ApiError("`stream_options` is an object.", param="stream_options")
    return flag(body, "stream"), flag(options or {}, "include_usage")


def _messages(given: Any) -> list[dict[str, Any]]:
    if not isinstance(given, list) or not given:
        raise ApiError("`messages` is a list of messages.", param="messages")
    for index, message in enumerate(given):
        role = message.get("role") if isinstance(message, dict) else None
        if not isinstance(role, str) or role not in _ROLES:
            raise ApiError(f"`messages[{index}]` needs a `role`.", param="messages")
        content = message.get("content")
        if not isinstance(content, str | list) and not (content is None and role == "assistant"):
            raise ApiError(f"`messages[{index}]` needs a `content`.", param="messages")
    return [{**message, "content": "" if message.get("content") is None else message["content"]} for message in given]


def _options(body: dict[str, Any], model: ServedModel) -> dict[str, Any]:
    """What the request says over what the entry and the handler say."""
    said = {name: value for name, value in body.items() if value is not None}
    if "max_completion_tokens" in said:
        said["max_tokens"] = said["max_completion_tokens"]
    said = {**model.defaults, **said}
    options = {
        "max_new_tokens": number(said, "max_tokens", _USUAL_NEW_TOKENS, low=1, high=_MOST_NEW_TOKENS, whole=True),
        "temperature": number(said, "temperature", 1.0, low=0, high=2),
        "top_p": number(said, "top_p", 1.0, low=0, high=1),
        "stop": _stop(said.get("stop")),
    }
    if (seed := number(said, "seed", None, low=-(2**63), high=2**63 - 1, whole=True)) is not None:
        options["seed"] = seed
    if model.structured and "response_format" in said:
        options["response_format"] = said["response_format"]
    return options


def _stop(given: Any) -> list[str]:
    words = [given] if isinstance(given, str) else given or []
    if not isinstance(words, list) or not all(isinstance(item, str) and item for item in words) or len(words) > 16:  # noqa: PLR2004
        raise ApiError("`stop` is a text, or up to 16 of them.", param="stop")
    return words


def _reason(made: ChatGeneration, options: dict[str, Any]) -> str:
    return "length" if made.completion_tokens >= options["max_new_tokens"] else "stop"


def _usage(made: ChatGeneration) -> dict[str, int]:
    prompt, completion = made.prompt_tokens, made.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def _events(
    request: Request,
    model: ServedModel,
    messages: list[dict[str, Any]],
    options: dict[str, Any],
    head: dict[str, Any],
    *,
    with_usage: bool,
) -> AsyncIterator[str]:
    """A handler without `generate_stream` answers in one piece."""

    def chunk(delta: dict[str, Any], reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        return _event({**head, "object": "chat.completion.chunk", "choices": [choice]})

    made: ChatGeneration | None = None
    async with waited_for(request) as event:
        try:
            yield chunk({"role": "assistant", "content": ""})
            if hasattr(model.handler, "generate_stream"):
                pieces = model.slot.stream(event, model.handler.generate_stream, messages, **options)
                async for piece in pieces:
                    if isinstance(piece, ChatGeneration):
                        made = piece
                    elif piece:
                        yield chunk({"content": piece})
            else:
                made = await model.slot.call(event, model.handler.generate, messages, **options)
                yield chunk({"content": made.text})
        except Exception as error:  # noqa: BLE001  a class of anybody's may raise anything
            yield _event(told(error).document)
            return
        finally:
            event.set()
    yield chunk({}, _reason(made, options) if made is not None else "stop")
    if with_usage and made is not None:
        yield _event({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(made)})
    yield "data: [DONE]\n\n"


def _event(document: dict[str, Any]) -> str:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n"
