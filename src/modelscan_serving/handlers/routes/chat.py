"""POST /v1/chat/completions, whole or as server-sent events."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.pictures import with_images
from modelscan_serving.handlers.protocols import ChatGeneration
from modelscan_serving.handlers.routes.bounds import check_calls, form_of, tools_of
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
from modelscan_serving.handlers.slots import CancelEvent

_MOST_NEW_TOKENS = 1_000_000  # the model's own context is what bounds
_USUAL_NEW_TOKENS = 1024
_REFUSED = ("functions", "logprobs", "top_logprobs", "logit_bias", "audio")
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


async def complete(request: Request) -> Response:
    body = await body_of(request)
    model = model_for(request, body.get("model"), "chat-completion")
    _refuse_unserved(body)
    messages = await with_images(
        _messages(body.get("messages")),
        takes_images="vision" in model.capabilities,
        fetch=request.app.state.serving.fetch_image,
    )
    options = _options(body, model)
    head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": body["model"]}
    streams, usage = _streaming(body)
    if streams:
        events = await _begun(_events(request, model, messages, options, head, with_usage=usage))
        return StreamingResponse(events, media_type="text/event-stream", headers={"cache-control": "no-store"})
    made: ChatGeneration = await call(request, model, model.handler.generate, messages, **options)
    message: dict[str, Any] = {"role": "assistant", "content": made.text}
    if calls := _calls(made):
        message = {**message, "content": made.text if made.text.strip() else None, "tool_calls": calls}
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": _reason(made, options),
        "logprobs": None,
    }
    return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": _usage(made)})


def _refuse_unserved(body: dict[str, Any]) -> None:
    """What would be answered as if it had not been asked is refused."""
    for name in _REFUSED:
        if body.get(name):
            raise ApiError(f"The model `{body['model']}` does not support `{name}`.", param=name)
    if body.get("n") is not None and body["n"] != 1:
        raise ApiError("`n` is 1.", param="n")


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
        check_calls(message, index)
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
    return {**options, **form_of(body, model), **tools_of(body, model)}


def _stop(given: Any) -> list[str]:
    words = [given] if isinstance(given, str) else given or []
    if not isinstance(words, list) or not all(isinstance(item, str) and item for item in words) or len(words) > 16:  # noqa: PLR2004
        raise ApiError("`stop` is a text, or up to 16 of them.", param="stop")
    return words


def _reason(made: ChatGeneration, options: dict[str, Any]) -> str:
    cut = "length" if made.completion_tokens >= options["max_new_tokens"] else "stop"
    reason = made.finish_reason or cut
    return "tool_calls" if made.tool_calls and reason == "stop" else reason


def _calls(made: ChatGeneration) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{uuid.uuid4().hex}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in made.tool_calls
    ]


def _usage(made: ChatGeneration) -> dict[str, int]:
    prompt, completion = made.prompt_tokens, made.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


async def _begun(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same, once there is the first of them: what is refused until then is refused as where nothing is streamed."""
    first = await anext(events)

    async def all_of_them() -> AsyncIterator[str]:
        yield first
        async for event in events:
            yield event

    return all_of_them()


async def _events(
    request: Request,
    model: ServedModel,
    messages: list[dict[str, Any]],
    options: dict[str, Any],
    head: dict[str, Any],
    *,
    with_usage: bool,
) -> AsyncIterator[str]:
    """Raises ApiError before the first; after it, an error is the last."""
    made: ChatGeneration | None = None
    begun = False
    async with waited_for(request) as event:
        try:
            async for piece in _pieces(event, model, messages, options):
                if not begun:
                    begun = True
                    yield _chunk(head, {"role": "assistant", "content": ""})
                if isinstance(piece, ChatGeneration):
                    made = piece
                elif piece:
                    yield _chunk(head, {"content": piece})
        except Exception as error:  # a class of anybody's may raise anything
            if not begun:
                raise told(error) from error
            yield _event(told(error).document)
            return
        finally:
            event.set()
    if not begun:
        yield _chunk(head, {"role": "assistant", "content": ""})
    for document in _last(made, options, head, with_usage=with_usage):
        yield document
    yield "data: [DONE]\n\n"


def _last(
    made: ChatGeneration | None, options: dict[str, Any], head: dict[str, Any], *, with_usage: bool
) -> Iterator[str]:
    """What is known at the end: the calls, each whole, why it ended, the usage."""
    if made is None:
        yield _chunk(head, {}, "stop")
        return
    if calls := _calls(made):
        yield _chunk(head, {"tool_calls": [{"index": index, **call} for index, call in enumerate(calls)]})
    yield _chunk(head, {}, _reason(made, options))
    if with_usage:
        yield _event({**head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(made)})


def _chunk(head: dict[str, Any], delta: dict[str, Any], reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
    return _event({**head, "object": "chat.completion.chunk", "choices": [choice]})


async def _pieces(
    event: CancelEvent, model: ServedModel, messages: list[dict[str, Any]], options: dict[str, Any]
) -> AsyncIterator[str | ChatGeneration]:
    """A handler without `generate_stream` answers in one."""
    if hasattr(model.handler, "generate_stream"):
        async for piece in model.slot.stream(event, model.handler.generate_stream, messages, **options):
            yield piece
    else:
        made: ChatGeneration = await model.slot.call(event, model.handler.generate, messages, **options)
        yield made.text
        yield made


def _event(document: dict[str, Any]) -> str:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n"
