"""A moment as people write it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from modelscan.errors import Usage
from modelscan.parsing.regex import regex
from modelscan.system.clock import parse_rfc3339
from modelscan.units import parse_duration

_SPAN = regex(r"[\d.]+\s*[smhd]", re.IGNORECASE)


def moment_of(text: str, now: datetime) -> datetime:
    """`10m` ago, or a time. Raises Usage."""
    if _SPAN.fullmatch(text.strip()):
        try:
            return now - timedelta(seconds=parse_duration(text))
        except OverflowError:  # before any calendar: everything is since then
            return datetime.min.replace(tzinfo=now.tzinfo)
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise Usage(
            f"`{text}` is not a valid time", hints=["for example --since 10m or --since 2026-11-21T10:00:00Z"]
        ) from None
