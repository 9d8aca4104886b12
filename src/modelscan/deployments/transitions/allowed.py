"""Which status may follow which."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan.model.words import Status

TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    "pending": frozenset({"pulling", "starting", "stopping", "stopped", "failed"}),
    "pulling": frozenset({"pending", "starting", "stopping", "stopped", "failed"}),
    "starting": frozenset({"ready", "stopping", "stopped", "failed"}),
    "ready": frozenset({"unhealthy", "starting", "stopping", "stopped", "failed"}),
    "unhealthy": frozenset({"ready", "starting", "stopping", "stopped", "failed"}),
    "stopping": frozenset({"starting", "stopped", "failed"}),
    "stopped": frozenset({"pending", "pulling", "starting", "stopping"}),
    "failed": frozenset({"pending", "pulling", "starting", "stopping", "stopped"}),
}


def may_follow(before: Status, after: Status) -> bool:
    """Whether a record may go from one status to another; staying is always allowed."""
    return before == after or after in TRANSITIONS[before]
