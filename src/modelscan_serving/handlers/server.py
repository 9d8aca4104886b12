"""The application: its routes, its health, the models it serves."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from modelscan_serving.handlers.arguments import ModelToServe, Serving
from modelscan_serving.handlers.checking import CAPABILITIES, BadHandler, answering, takes
from modelscan_serving.handlers.doors import Doors
from modelscan_serving.handlers.errors import ApiError
from modelscan_serving.handlers.routes import chat, embeddings, images, rerank, speech
from modelscan_serving.handlers.routes.request import ServedModel, State
from modelscan_serving.handlers.slots import Slot

Load = Callable[[ModelToServe], Any]
"""Makes the handler of a model; it takes its time and runs in a thread of its own."""


def application(serving: Serving, load: Load, state: State) -> ASGIApp:
    """The models are loaded, in their order, once the application has started. One that cannot be loaded ends the
    process: a server that serves half of what it was started for would look healthy.
    """

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()
        threading.Thread(target=_load_all, args=(serving, load, state, loop), name="load", daemon=True).start()
        yield
        state.cancel_all()

    app = Starlette(
        routes=[
            Route("/health", _health),
            Route("/metrics", _metrics),
            Route("/v1/models", _models),
            Route("/v1/embeddings", embeddings.embed, methods=["POST"]),
            Route("/v1/chat/completions", chat.complete, methods=["POST"]),
            Route("/v1/audio/transcriptions", speech.transcribe, methods=["POST"]),
            Route("/v1/audio/translations", speech.translate, methods=["POST"]),
            *(Route(path, rerank.rerank, methods=["POST"]) for path in ("/v1/rerank", "/v2/rerank", "/rerank")),
            *(Route(path, rerank.score, methods=["POST"]) for path in ("/score", "/v1/score")),
            Route("/v1/images/generations", images.generate, methods=["POST"]),
        ],
        exception_handlers={ApiError: _refused, HTTPException: _refused, Exception: _broken},
        lifespan=life,
    )
    app.state.serving = state
    return Doors(
        app, key=serving.key, most_body_bytes=serving.most_body_bytes, loading=lambda: state.loaded < state.wanted
    )


def _load_all(serving: Serving, load: Load, state: State, loop: asyncio.AbstractEventLoop) -> None:
    for number, wanted in enumerate(serving.models, 1):
        started = time.monotonic()
        state.loading = wanted.names[0]
        print(f"loading {wanted.names[0]} ({number} of {state.wanted}): {wanted.task}", flush=True)
        try:
            handler = load(wanted)
        except BaseException as error:  # noqa: BLE001  the process ends, whatever it was
            if not isinstance(error, BadHandler):  # which says it all
                sys.excepthook(type(error), error, error.__traceback__)
            print(f"error: `{wanted.names[0]}` cannot be loaded: {type(error).__name__}: {error}", flush=True)
            os._exit(1)
        served = _served(wanted, handler, serving.most_waiting)
        loop.call_soon_threadsafe(state.add, wanted.names, served)
        print(f"loaded {wanted.names[0]} in {time.monotonic() - started:.1f} s", flush=True)
    print("all models are loaded", flush=True)


def _served(wanted: ModelToServe, handler: Any, most_waiting: int) -> ServedModel:
    def said(entry: Any, name: str, default: Any) -> Any:
        return entry if entry is not None else getattr(handler, name, default)

    thread_safe = said(wanted.thread_safe, "thread_safe", False)
    limit = said(wanted.max_parallelism, "max_parallelism", None) if thread_safe else 1
    return ServedModel(
        slot=Slot(handler, limit=limit, most_waiting=most_waiting),
        task=wanted.task,
        defaults={**(getattr(handler, "generation_defaults", None) or {}), **wanted.defaults},
        owned_by=said(wanted.owned_by, "owned_by", "local"),
        capabilities=tuple(getattr(handler, "capabilities", None) or CAPABILITIES[wanted.task]),
        structured=bool(said(wanted.supports_structured_outputs, "supports_structured_outputs", False))
        and all(takes(method, "response_format") for method in answering(handler)),
        created=int(time.time()),
    )


def _health(request: Request) -> Response:
    state: State = request.app.state.serving
    if state.loaded < state.wanted:
        document = {"status": "loading", "loaded": state.loaded, "of": state.wanted, "loading": state.loading}
        return JSONResponse(document, 503)
    return JSONResponse({"status": "ok"})


def _metrics(request: Request) -> Response:
    slots = {id(model.slot): model.slot for model in request.app.state.serving.models.values()}.values()
    lines = (
        f"handlers_requests_running {sum(slot.running for slot in slots)}",
        f"handlers_requests_waiting {sum(slot.waiting for slot in slots)}",
        f"handlers_work_total {sum(slot.work for slot in slots)}",
    )
    return PlainTextResponse("\n".join(lines) + "\n")


def _models(request: Request) -> Response:
    models = request.app.state.serving.models.items()
    return JSONResponse({"object": "list", "data": [{"id": name, **model.document} for name, model in models]})


def _refused(_: Request, error: Exception) -> Response:
    """Starlette's own errors, for paths and methods that there are not, say the same in OpenAI's words."""
    if isinstance(error, HTTPException):
        error = ApiError(f"{error.detail}.", status=error.status_code)
    assert isinstance(error, ApiError)  # noqa: S101  registered for these two
    return error.response()


def _broken(_: Request, error: Exception) -> Response:  # noqa: ARG001  it is logged by the server
    return ApiError("The server failed; its log says why.", status=500).response()
