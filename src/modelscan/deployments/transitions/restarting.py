"""A backend that ended unexpectedly: whether it is restarted, and the records of that."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.deployments.record import LastError, Record
from modelscan.deployments.transitions.ending import without_process
from modelscan.model.words import RestartPolicy

MAX_RESTARTS = 5
RESTART_WINDOW_SECONDS = 600.0
_LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AfterExit:
    """`pause_seconds` before the next start; None: there is none, and `reason` says why where that is not obvious."""

    pause_seconds: float | None
    reason: str | None = None


def after_exit(policy: RestartPolicy, *, was_ready: bool, restarted_at: Sequence[float], now: float) -> AfterExit:
    """Whether a backend that ended unexpectedly is restarted: `on-failure` once it was ready, `always` also before.

    The exit status says nothing here: vLLM ends with 0 when its engine core was killed (measured, 0.32.0).
    `restarted_at` and `now` are readings of one monotonic clock.
    """
    if policy == "no" or (policy == "on-failure" and not was_ready):
        return AfterExit(pause_seconds=None)
    recent = sum(1 for moment in restarted_at if now - moment < RESTART_WINDOW_SECONDS)
    if recent >= MAX_RESTARTS:
        minutes = int(RESTART_WINDOW_SECONDS // 60)
        return AfterExit(pause_seconds=None, reason=f"it was restarted {recent} times in {minutes} minutes")
    return AfterExit(pause_seconds=min(2.0**recent, _LONGEST_PAUSE_SECONDS))


def restarting(record: Record, error: LastError, message: str) -> Record:
    """It ended and restarts after a pause."""
    return dataclasses.replace(
        record,
        status=dataclasses.replace(
            record.status,
            current="starting",
            phase="waiting to restart",
            progress=None,
            message=message,
            restarts=record.status.restarts + 1,
            error=error,
            last_probe_ok=None,
        ),
        owner=without_process(record.owner),
    )


def relaunching(record: Record) -> Record:
    """The pause is over."""
    return dataclasses.replace(record, status=dataclasses.replace(record.status, phase="launching", message=None))
