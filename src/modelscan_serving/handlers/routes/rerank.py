"""POST /v1/rerank in Cohere's and Jina's shape, and POST /score in vLLM's."""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.protocols import RerankResult
from modelscan_serving.handlers.routes.request import ServedModel, body_of, call, flag, model_for, number, text

_MOST_DOCUMENTS = 10_000


async def rerank(request: Request) -> Response:
    """The documents in the order of their relevance. They are in the answer unless `return_documents` is false."""
    body = await body_of(request)
    model = model_for(request, body.get("model"), "rerank")
    query = text(body, "query")
    documents = [_document(item, index) for index, item in enumerate(_list(body.get("documents"), "documents"))]
    top = number(body, "top_n", len(documents), low=0, high=1_000_000, whole=True)
    returned = flag(body, "return_documents", default=True)
    found, tokens = await _ranked(request, model, query, documents, min(top, len(documents)))
    return JSONResponse(
        {
            "id": f"rerank-{uuid.uuid4().hex}",
            "model": body["model"],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            "results": [
                {
                    "index": item.index,
                    **({"document": {"text": documents[item.index]}} if returned else {}),
                    "relevance_score": float(item.score),
                }
                for item in found
            ],
        }
    )


async def score(request: Request) -> Response:
    """One score for each pair: one text with each of the others, or two lists of the same length."""
    body = await body_of(request)
    model = model_for(request, body.get("model"), "rerank")
    first, second = _side(body, "text_1", "queries"), _side(body, "text_2", "documents")
    if len(first) not in {1, len(second)}:
        raise ApiError("The first side is one text, or as many as the second.", param="text_1")
    scores, tokens = [], 0
    pairs = [(first[0], second)] if len(first) == 1 else [(one, [two]) for one, two in zip(first, second, strict=True)]
    for query, documents in pairs:
        found, counted = await _ranked(request, model, query, documents, len(documents))
        tokens += counted
        scores += [item.score for item in sorted(found, key=lambda item: item.index)]
    data = [{"index": index, "object": "score", "score": float(value)} for index, value in enumerate(scores)]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    head = {"id": f"score-{uuid.uuid4().hex}", "object": "list", "created": int(time.time())}
    return JSONResponse({**head, "model": body["model"], "data": data, "usage": usage})


async def _ranked(
    request: Request, model: ServedModel, query: str, documents: list[str], top: int
) -> tuple[list[RerankResult], int]:
    """The best, and how many tokens query and documents are."""
    found, tokens = await call(request, model, _in_one_turn(model.handler), query, documents, top_k=top)
    return sorted(found, key=lambda item: -item.score)[:top], tokens


def _in_one_turn(handler: Any) -> Callable[..., tuple[list[RerankResult], int]]:
    """All that is asked of the handler, to be called as its `rerank` is."""

    @functools.wraps(handler.rerank)
    def ranked(query: str, documents: list[str], **options: Any) -> tuple[list[RerankResult], int]:
        found = list(handler.rerank(query, documents, **options))
        count = getattr(handler, "count_tokens", None)
        return found, int(count([query, *documents])) if count is not None else 0

    return ranked


def _side(body: dict[str, Any], *names: str) -> list[str]:
    name = next((item for item in names if body.get(item) is not None), names[0])
    given = body.get(name)
    items = [given] if isinstance(given, str) else _list(given, name)
    return [_document(item, index, name) for index, item in enumerate(items)]


def _list(given: Any, name: str) -> list[Any]:
    if not isinstance(given, list) or not 0 < len(given) <= _MOST_DOCUMENTS:
        raise ApiError(f"`{name}` is a list of 1 to {_MOST_DOCUMENTS} texts.", param=name)
    return given


def _document(given: Any, index: int, name: str = "documents") -> str:
    """A text, or an object with one."""
    found = given.get("text") if isinstance(given, dict) else given
    if not isinstance(found, str):
        raise ApiError(f"`{name}[{index}]` is a text, or an object with `text`.", param=name)
    return found
