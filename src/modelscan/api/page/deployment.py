"""One deployment: how it turned out against its plan, its log, its events, and what can be done with it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from modelscan.api.asked import Verbs
from modelscan.api.following import LogPlace
from modelscan.api.page.content.deployments import shown
from modelscan.api.page.content.receipt import receipt
from modelscan.api.page.pages import page_router
from modelscan.api.page.rendering import rendered
from modelscan.catalog.index.open import open_index
from modelscan.errors import DeploymentNotFound
from modelscan.jobs.now import jobs_now
from modelscan.model import Deployment, Pricing
from modelscan.parsing.text import clean_line
from modelscan.selecting.context import Context
from modelscan.selecting.declared.keys import KEYS
from modelscan.storage.logs.reading import LogLine
from modelscan.verbs.manage.events import past_events
from modelscan.verbs.manage.logs import log_lines

router = page_router()
_LINES, _EVENTS, _LONGEST = 400, 50, 2_000
_KEYS = {key.field or name: name for name, key in KEYS.items()} | {"gpus": "gpu"}
_OWN = frozenset({"model", "port"})


@router.get("/ui/deployments/{name}")
def deployment(name: str, context: Verbs) -> Response:
    try:
        found = context.deployments.now(name)
    except DeploymentNotFound:
        if any(job.subject == name and job.status == "running" for job in jobs_now(context)):
            return rendered("coming.html", name=name)
        raise
    lines = list(log_lines(context, found.id, tail=_LINES))
    return rendered("deployment.html", **_values(context, found), **_log(lines))


@router.get("/ui/pieces/deployments/{name}")
def piece(name: str, context: Verbs) -> Response:
    return rendered("pieces/deployment.html", **_values(context, context.deployments.now(name)))


def _values(context: Context, found: Deployment) -> dict[str, Any]:
    events = [item for item in past_events(context, found.id) if item.deployment == found.id]
    return {
        "shown": shown(found, context.clock.now(), 0),
        "receipt": receipt(found, _hosted(context, found)),
        "events": events[: -_EVENTS - 1 : -1],
        "clone": _clone(found),
    }


def _log(lines: Sequence[LogLine]) -> dict[str, Any]:
    """The newest lines, and the place from which the browser follows them; it marks those that say what went wrong."""
    place = functools.reduce(LogPlace.and_then, lines, LogPlace())
    return {
        "lines": [LogLine(line.at, clean_line(line.text, _LONGEST)) for line in lines],
        "place": str(place) if place.at else "",
    }


def _hosted(context: Context, found: Deployment) -> Pricing | None:
    if found.catalog_id is None:
        return None
    model = open_index(context.settings).get(found.catalog_id)
    return model.pricing if model is not None else None


def _clone(found: Deployment) -> str:
    """The address of a plan with the same options; a name, a port and aliases belong to one only."""
    words: list[tuple[str, str]] = [("model", found.reference or found.model)]
    for field, value in found.request.items():
        if field in _OWN or field not in _KEYS:
            continue
        texts = [f"{name}={text}" for name, text in value.items()] if isinstance(value, dict) else value
        words += [
            (_KEYS[field], str(text).removesuffix(".0")) for text in (texts if isinstance(texts, list) else [texts])
        ]
    if found.request.get("no_gpu"):
        words.append(("gpu", "none"))
    return f"/ui/plan?{urlencode(words)}"
