"""One deployment: how it turned out against its plan, its log, its events, and what can be done with it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Response

from modelscan.api.asked import Verbs
from modelscan.api.page.content.deployments import shown
from modelscan.api.page.content.receipt import receipt
from modelscan.api.page.pages import page_router
from modelscan.api.page.rendering import rendered
from modelscan.catalog.index.open import open_index
from modelscan.dataclasses import dataclass
from modelscan.errors import DeploymentNotFound, Usage
from modelscan.jobs.now import jobs_now
from modelscan.model import Deployment, Pricing
from modelscan.parsing.text import clean_line
from modelscan.selecting.context import Context
from modelscan.selecting.declared.keys import KEYS
from modelscan.storage.logs.reading import LogLine
from modelscan.system.clock import parse_rfc3339
from modelscan.verbs.manage.events import past_events
from modelscan.verbs.manage.logs import log_lines

router = page_router()
_LINES, _EVENTS, _LONGEST = 400, 50, 2_000
_KEYS = {key.field or name: name for name, key in KEYS.items()} | {"gpus": "gpu"}
_OWN = frozenset({"model", "port"})


@dataclass(frozen=True, slots=True)
class ShownLine:
    """`look`: `cause` for the line that explains the failure, `bad` for others that say error."""

    at: str
    text: str
    look: str


@router.get("/ui/deployments/{name}")
def deployment(name: str, context: Verbs) -> Response:
    try:
        found = context.deployments.now(name)
    except DeploymentNotFound:
        if any(job.subject == name and job.status == "running" for job in jobs_now(context)):
            return rendered("coming.html", name=name)
        raise
    lines = list(log_lines(context, found.id, tail=_LINES))
    return rendered("deployment.html", **_values(context, found), **_log(found, lines))


@router.get("/ui/pieces/deployments/{name}")
def piece(name: str, context: Verbs) -> Response:
    return rendered("pieces/deployment.html", **_values(context, context.deployments.now(name)))


@router.get("/ui/pieces/deployments/{name}/log")
def log(name: str, context: Verbs, after: str = "", seen: int = 0) -> Response:
    """The lines since `after`, of which `seen` with that very time are shown already."""
    found = context.deployments.now(name)
    lines = list(log_lines(context, found.id, tail=_LINES, since=_checked(after)))
    same = sum(1 for _ in itertools.takewhile(lambda line: line.at == after, lines))
    return rendered("pieces/log.html", **_log(found, lines[min(seen, same) :], after=after, seen=seen))


def _checked(after: str) -> str | None:
    if not after:
        return None
    try:
        parse_rfc3339(after)
    except ValueError as error:
        raise Usage(f"`{clean_line(after, 40)}` is not a time") from error
    return after


def _values(context: Context, found: Deployment) -> dict[str, Any]:
    events = [item for item in past_events(context, found.id) if item.deployment == found.id]
    return {
        "shown": shown(found, context.clock.now(), 0),
        "receipt": receipt(found, _hosted(context, found)),
        "events": events[: -_EVENTS - 1 : -1],
        "clone": _clone(found),
    }


def _log(found: Deployment, lines: Sequence[LogLine], *, after: str = "", seen: int = 0) -> dict[str, Any]:
    evidence = (found.error_evidence or "").strip()
    at = lines[-1].at if lines and lines[-1].at else after
    last = sum(1 for line in lines if line.at == at)
    return {
        "name": found.name,
        "lines": [
            ShownLine(line.at[11:19], clean_line(line.text, _LONGEST), _look(line.text, evidence)) for line in lines
        ],
        "after": at,
        "seen": last + (seen if at == after else 0),
        "live": found.is_live,
    }


def _look(text: str, evidence: str) -> str:
    if evidence and evidence[:60] in text:
        return "cause"
    return "bad" if any(word in text for word in ("ERROR", "Error:", "Traceback")) else ""


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
