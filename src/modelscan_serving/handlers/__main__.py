"""`python -m modelscan_serving.handlers --model JSON …`."""

from __future__ import annotations

import os
import socket
import sys

import uvicorn

from modelscan_serving.handlers.arguments import serving_of
from modelscan_serving.handlers.loading import loader
from modelscan_serving.handlers.remote import fetch_image
from modelscan_serving.handlers.routes.request import State
from modelscan_serving.handlers.server import application

_GRACE_SECONDS = 5


class _Server(uvicorn.Server):
    """Waits for calls to end only after it told them to."""

    def __init__(self, config: uvicorn.Config, state: State) -> None:
        super().__init__(config)
        self._state = state

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.cancel_all()
        await super().shutdown(sockets)


def main(words: list[str]) -> None:
    """Until a signal ends it, whose threads of calls are then left: they would hold the process up."""
    serving = serving_of(words)
    state = State(wanted=len(serving.models), fetch_image=fetch_image if serving.remote_images else None)
    config = uvicorn.Config(
        application(serving, loader(serving), state),
        host=serving.host,
        port=serving.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    server = _Server(config, state)
    server.run()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0 if server.started else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
