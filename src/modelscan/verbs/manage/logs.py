"""The lines of a backend's log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from modelscan.errors import Usage
from modelscan.selecting.context import Context
from modelscan.system.clock import parse_rfc3339
from modelscan.targets.target import LogLine
from modelscan.units import parse_duration

_SPAN = re.compile(r"[\d.]+\s*[smhd]", re.IGNORECASE)


def log_lines(
    context: Context, reference: str, *, follow: bool = False, tail: int | None = None, since: str | None = None
) -> Iterator[LogLine]:
    """Lines oldest first, each with its time; with `follow` until the deployment is over. Raises Usage for `since`."""
    moment = _moment(since, context.clock.now()) if since is not None else None
    return context.deployments.logs(reference, follow=follow, tail=tail, since=moment)


def _moment(text: str, now: datetime) -> datetime:
    if _SPAN.fullmatch(text.strip()):
        return now - timedelta(seconds=parse_duration(text))
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise Usage(
            f"`{text}` is not a valid time", hints=["for example --since 10m or --since 2026-11-21T10:00:00Z"]
        ) from None
