"""What happens, as it happens: one stream of server-sent events with everything, and the logs as they grow."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, cast

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from modelscan.api.asked import Verbs
from modelscan.api.bodies.words import PLACE, NamePath, Since, Tail
from modelscan.api.documents import DocumentAnswer, documented
from modelscan.api.failures import refused
from modelscan.api.feed import POSITION, Feed
from modelscan.api.following import Followers, LogPlace, followed
from modelscan.api.openapi import fails, streams
from modelscan.verbs.manage.events import past_events
from modelscan.verbs.manage.logs import log_lines

router = APIRouter(prefix="/api/v1", tags=["events"])

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_Place = Annotated[str, Query(pattern=PLACE, description="Only lines after this place, which an id of a line is")]
_LastPlace = Annotated[str | None, Header(alias="Last-Event-ID", pattern=PLACE, description="Go on after this line")]
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


@router.get(
    "/deployments/{name}/logs/follow",
    responses={**streams("Lines (`line`) as they come, each with its place as id"), **fails(404, 409, 503)},
)
def follow_logs(
    context: Verbs,
    request: Request,
    name: NamePath,
    tail: Tail = 100,
    after: _Place | None = None,
    last_event_id: _LastPlace = None,
) -> StreamingResponse:
    """It ends with `end`, when the deployment is over and everything is told."""
    followers = cast("Followers", request.app.state.followers)
    if followers.count >= followers.most:
        raise refused(503, f"{followers.most} logs are followed already", retry_after="5")
    known = last_event_id or after
    log = followed(context, name, place=LogPlace.read(known) if known else LogPlace(), tail=tail)
    return _streaming(followers.told(log, request.is_disconnected))


def _streaming(content: AsyncIterator[str]) -> StreamingResponse:
    return StreamingResponse(content, media_type="text/event-stream", headers=_HEADERS)
