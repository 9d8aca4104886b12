"""When a pull that failed is begun again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from modelscan.errors import SourceUnavailable
from modelscan.system.clock import parse_rfc3339, rfc3339
from modelscan.system.retry import Backoff

# A hub that a pull could not reach, by all the tries of its own: after 30 s, 2, 8, 15 and 15 minutes it is begun again.
_UNREACHED = Backoff(tries=6, first=30.0, factor=4.0, longest=900.0, longest_asked=3_600.0)


def when_again(error: Mapping[str, Any], ended_at: str, failures: int) -> str:
    """When a pull is begun again whose command ended with this document, after so many in all; empty where it is not:
    only a hub that cannot be reached, or is busy, may answer another time.
    """
    if error.get("code") != SourceUnavailable.code or not ended_at:
        return ""
    details = error.get("details") or {}
    asked = details.get("retry_after")
    seconds = _UNREACHED.wait(failures, asked=float(asked) if isinstance(asked, int | float) else None)
    if seconds is None or not _UNREACHED.helps(SourceUnavailable("", details=details)):
        return ""
    return rfc3339(parse_rfc3339(ended_at) + timedelta(seconds=seconds))
