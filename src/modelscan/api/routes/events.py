"""What happens, as it happens: one stream of server-sent events with everything, and the logs as they grow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, cast

from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from modelscan.api.asked import Verbs
from modelscan.api.bodies.words import NamePath, Since, Tail
from modelscan.api.documents import DocumentAnswer, documented
from modelscan.api.feed import POSITION, Feed
from modelscan.api.leaving import LeavingClock
from modelscan.api.openapi import fails, streams
from modelscan.dataclasses import replace
from modelscan.storage.documents import to_document
from modelscan.storage.logs.reading import LogLine
from modelscan.verbs.manage.events import past_events
from modelscan.verbs.manage.logs import log_lines

router = APIRouter(prefix="/api/v1", tags=["events"])

# Each listener keeps one for as long as it listens: not those that answer requests.
_READERS = ThreadPoolExecutor(64, thread_name_prefix="logs")
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_LastId = Annotated[str | None, Header(alias="Last-Event-ID", pattern=POSITION, description="Go on after this event")]


@router.get("/events", responses=streams("Events of deployments (`deployment`) and jobs (`job`), as documents"))
async def stream_events(request: Request, last_event_id: _LastId = None) -> StreamingResponse:
    feed = cast("Feed", request.app.state.feed)
    return _streaming(feed.listen(last_event_id, request.is_disconnected))


@router.get(
    "/deployments/{name}/events",
    responses={**documented("event", listed=True, about="What happened to it, oldest first"), **fails(404, 409)},
)
def list_deployment_events(context: Verbs, name: NamePath) -> DocumentAnswer:
    return DocumentAnswer(past_events(context, name))


@router.get(
    "/deployments/{name}/logs",
    responses={**documented("log-line", listed=True, about="Lines, oldest first"), **fails(404, 409)},
)
def get_logs(context: Verbs, name: NamePath, tail: Tail = 1_000, since: Since | None = None) -> DocumentAnswer:
    return DocumentAnswer(list(log_lines(context, name, tail=tail, since=since)))


@router.get("/deployments/{name}/logs/follow", responses={**streams("Lines (`line`) as they come"), **fails(404, 409)})
def follow_logs(context: Verbs, request: Request, name: NamePath, tail: Tail = 100) -> StreamingResponse:
    """It ends with `end`, when the deployment is over and everything is told."""
    clock = LeavingClock(context.clock)
    lines = log_lines(replace(context, clock=clock), name, follow=True, tail=tail)
    return _streaming(_told(lines, clock, request))


async def _told(lines: Iterator[LogLine], clock: LeavingClock, request: Request) -> AsyncIterator[str]:
    """Each line is waited for on a thread, which is set free when the listener leaves."""
    loop = asyncio.get_running_loop()
    try:
        while not await request.is_disconnected():
            line = await loop.run_in_executor(_READERS, next, lines, None)
            if line is None:
                yield "event: end\ndata: {}\n\n"
                return
            yield f"event: line\ndata: {json.dumps(to_document(line), ensure_ascii=False)}\n\n"
    finally:
        clock.leave()


def _streaming(content: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(content, media_type="text/event-stream", headers=_HEADERS)
