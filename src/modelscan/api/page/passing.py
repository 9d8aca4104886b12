"""Requests of the page to models, passed to the gateway with a key of the page's own.

The browser speaks to its own origin only. Whoever is signed in may ask for every model, and never learns the key. It is
passed on the loop, as both sides stream, by `system/relay`; `system/http` reads whole documents, a thread for each.
"""

from __future__ import annotations

import contextlib
from typing import cast
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from modelscan.api.asked import Verbs
from modelscan.api.page.gateway_key import GatewayKey
from modelscan.errors import BackendFailed
from modelscan.running.gateway.process import running_gateway
from modelscan.selecting.context import Context
from modelscan.system.relay import relayed

router = APIRouter(include_in_schema=False)
_ASKED, _ANSWERED = ("accept", "content-type", "content-length"), ("content-type", "content-length", "x-request-id")


@router.api_route("/ui/gateway/v1/{path:path}", methods=["GET", "POST"])
async def passed(path: str, request: Request, context: Verbs) -> StreamingResponse:
    """Raises BackendFailed where no gateway runs, SourceUnavailable where it does not answer."""
    base, key = await run_in_threadpool(gateway_for_page, context, request)
    headers = {name: request.headers[name] for name in _ASKED if name in request.headers}
    if key is not None:
        headers["authorization"] = f"Bearer {key}"
    async with contextlib.AsyncExitStack() as stack:
        body = request.stream() if request.method == "POST" else None
        address = f"{base}/v1/{quote(path, safe='/:')}"
        answer = await stack.enter_async_context(relayed(request.method, address, headers=headers, body=body))
        closing = stack.pop_all()
    told = {name: answer.headers[name] for name in _ANSWERED if name in answer.headers}
    return StreamingResponse(
        answer.body,
        answer.status,
        headers=told | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        background=BackgroundTask(closing.aclose),
    )


def gateway_for_page(context: Context, request: Request) -> tuple[str, str | None]:
    """Its address and the key to show."""
    running = running_gateway(context)
    if running is None:
        raise BackendFailed("the gateway is not running", hints=["modelscan gateway start"])
    key = cast("GatewayKey", request.app.state.gateway_key)
    return running.base_url, key.shown(context)
