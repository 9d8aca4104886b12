"""What a backend wrote, as lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from modelscan.deployments.places import places
from modelscan.errors import Usage
from modelscan.model import LIVE_STATUSES
from modelscan.selecting.context import Context
from modelscan.system.clock import parse_rfc3339
from modelscan.targets.local.logs.logs import LogLine, follow_log, read_log
from modelscan.units import parse_duration

_SPAN = re.compile(r"[\d.]+\s*[smhd]", re.IGNORECASE)


def log_lines(
    context: Context, reference: str, *, follow: bool = False, tail: int | None = None, since: str | None = None
) -> Iterator[str]:
    """Lines oldest first, each with its time; with `follow` until the deployment is over. Raises Usage for `since`."""
    found = context.deployments.now(reference)
    folder = places(context.settings.paths, found.id).folder
    moment = _moment(since, context.clock.now()) if since is not None else None
    if follow:
        lines: Iterator[LogLine] = follow_log(
            folder,
            tail=tail,
            since=moment,
            is_over=lambda: context.deployments.now(found.id).status not in LIVE_STATUSES,
            clock=context.clock,
        )
    else:
        lines = iter(read_log(folder, tail=tail, since=moment))
    return (f"{line.at} {line.text}".strip() for line in lines)


def _moment(text: str, now: datetime) -> datetime:
    if _SPAN.fullmatch(text.strip()):
        return now - timedelta(seconds=parse_duration(text))
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise Usage(
            f"`{text}` is not a time", hints=["write it like --since 10m or --since 2026-11-21T10:00:00Z"]
        ) from None
