"""The handlers' server with handlers that need no model, over real HTTP."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from modelscan_serving.handlers.arguments import ModelToServe, Serving
from modelscan_serving.handlers.pictures import FetchImage
from modelscan_serving.handlers.routes.request import State
from modelscan_serving.handlers.server import application

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@contextmanager
def serving(
    handlers: dict[str, tuple[str, Any]],
    *,
    ready: bool = True,
    fetch: FetchImage | None = None,
    supports_structured_outputs: bool | None = None,
    **options: Any,
) -> Iterator[httpx.Client]:
    """Handlers by the name of their model, each with its task."""
    models = tuple(
        ModelToServe(names=(name,), folder="/", task=task, supports_structured_outputs=supports_structured_outputs)
        for name, (task, _) in handlers.items()
    )
    told = Serving(host="127.0.0.1", port=0, models=models, **options)
    state = State(wanted=len(models), fetch_image=fetch)

    def load(wanted: ModelToServe) -> Any:
        handler = handlers[wanted.names[0]][1]
        return handler() if callable(handler) else handler

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(application(told, load, state), log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        headers = {"authorization": f"Bearer {told.key}"} if told.key else {}
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False) as client:
            wait_until(lambda: not ready or client.get("/health").status_code == 200)
            yield client
        state.cancel_all()
        server.should_exit = True
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def serve() -> Serve:
    return serving


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
