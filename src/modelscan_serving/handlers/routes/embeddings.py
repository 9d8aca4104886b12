"""POST /v1/embeddings."""

from __future__ import annotations

import array
import base64
import functools
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from modelscan_serving.handlers.checking import takes
from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.protocols import BadInput
from modelscan_serving.handlers.routes.request import ServedModel, body_of, call, model_for, number, word

_MOST_INPUTS = 2048  # as OpenAI's
# Cohere's words for what a text is, and the names that repos give to their prompts for it.
_PROMPTS = {"search_query": "query", "query": "query", "search_document": "document", "document": "document"}


async def embed(request: Request) -> Response:
    """The text's vectors. `dimensions` keeps the first ones and makes them of length 1 again; `input_type` chooses one
    of the repo's prompts.
    """
    body = await body_of(request)
    model = model_for(request, body.get("model"), "text-embedding")
    items = _items(body.get("input"), model)
    form = word(body, "encoding_format", ("float", "base64"), "float")
    dim = getattr(model.handler, "dim", None)
    size = number(body, "dimensions", None, low=1, high=dim or 1_000_000, whole=True)
    options = _prompt(body, model)
    vectors, tokens = await call(request, model, _in_one_turn(model.handler), items, **options)
    numbers = [_cut(_floats(vector), size) for vector in vectors]
    return JSONResponse(
        {
            "object": "list",
            "model": body["model"],
            "data": [
                {"object": "embedding", "index": index, "embedding": _base64(vector) if form == "base64" else vector}
                for index, vector in enumerate(numbers)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def _items(given: Any, model: ServedModel) -> list[Any]:
    """A text, texts, or tokens where the handler can make text of them."""
    items = given if isinstance(given, list) and not _is_tokens(given) else [given]
    if not items or len(items) > _MOST_INPUTS:
        raise ApiError(f"`input` is from 1 to {_MOST_INPUTS} texts.", param="input")
    decodes = hasattr(model.handler, "decode")
    if not all((isinstance(item, str) and item) or (decodes and _is_tokens(item)) for item in items):
        tokens = ", or lists of tokens" if decodes else ""
        raise ApiError(f"`input` is a text that is not empty, or a list of such{tokens}.", param="input")
    return items


def _in_one_turn(handler: Any) -> Callable[..., tuple[Any, int]]:
    """All that is asked of the handler, to be called as its `embed` is."""

    @functools.wraps(handler.embed)
    def embedded(items: list[Any], **options: Any) -> tuple[Any, int]:
        texts = [item if isinstance(item, str) else _decoded(handler, item) for item in items]
        return handler.embed(texts, **options), handler.count_tokens(texts)

    return embedded


def _decoded(handler: Any, tokens: list[int]) -> str:
    try:
        found = handler.decode(tokens)
    except Exception as error:  # whatever it is, these numbers are no tokens of the model's
        raise BadInput("`input` has a token that the model does not know.", "input") from error
    if not isinstance(found, str) or not found:
        raise BadInput("`input` has tokens that stand for no text.", "input")
    return found


def _is_tokens(given: Any) -> bool:
    return isinstance(given, list) and bool(given) and all(type(item) is int for item in given)


def _prompt(body: dict[str, Any], model: ServedModel) -> dict[str, str]:
    kind = body.get("input_type")
    if kind is None:
        return {}
    if not isinstance(kind, str) or kind not in _PROMPTS or not takes(model.handler.embed, "prompt_name"):
        raise ApiError(f"`input_type` is one of {', '.join(_PROMPTS)}, for a model with prompts.", param="input_type")
    return {"prompt_name": _PROMPTS[kind]}


def _floats(vector: Any) -> list[float]:
    """Of a list, or of anything of NumPy or PyTorch."""
    return [float(item) for item in (vector.tolist() if hasattr(vector, "tolist") else vector)]


def _cut(vector: list[float], size: int | None) -> list[float]:
    if size is None or size >= len(vector):
        return vector
    first = vector[:size]
    length = math.sqrt(sum(item * item for item in first))
    return [item / length for item in first] if length else first


def _base64(vector: Sequence[float]) -> str:
    """32-bit numbers, the low byte first."""
    numbers = array.array("f", vector)
    if sys.byteorder == "big":
        numbers.byteswap()
    return base64.b64encode(numbers.tobytes()).decode()
