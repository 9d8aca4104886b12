"""What may follow what in the life of a deployment, and what to say of what is found. Pure.

What happens when something ends that nobody asked to end:

    Ctrl-C in `deploy`     the command stops the backend and keeps the record: `stopped`
    SIGTERM to `deploy`    the same as Ctrl-C
    closed terminal        the command dies, the supervisor has a session of its own: the start goes on
    kill -9 of a command   before the supervisor exists: `failed` (interrupted), `start` takes it up again;
                           later: nothing, the supervisor owns the record
    kill -9 of supervisor  the kernel sends the backend's first process SIGTERM (parent-death signal); the record is
                           shown as `failed`; what is left over is swept by its tag at the next stop, start, remove
                           or by `doctor`
    kill -9 of backend     the supervisor ends what is left of the tree, explains the log, then `failed` or, with a
                           restart policy and after it was ready once, a new start after a pause
    kill -9 of a worker    the backend ends itself (as above) or stops answering: `unhealthy`, with a policy restarted
    full disk              log lines are dropped and counted, changes of the record wait; backend and supervisor live
    reboot                 the lock is free and the boot id differs: `stopped`, `start` brings it back
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modelscan.model import Deployment, RestartPolicy, Status

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

MAX_RESTARTS = 5
RESTART_WINDOW_SECONDS = 600.0
_LONGEST_PAUSE_SECONDS = 60.0

PROBE_IS_OLD_SECONDS = 60.0


def may_follow(before: Status, after: Status) -> bool:
    """Whether a record may go from one status to another; staying is always allowed."""
    return before == after or after in TRANSITIONS[before]


@dataclass(frozen=True, kw_only=True, slots=True)
class AfterExit:
    """`pause_seconds` before the next start; None: there is none, and `reason` says why where that is not obvious."""

    pause_seconds: float | None
    reason: str | None = None


def after_exit(policy: RestartPolicy, *, was_ready: bool, restarted_at: Sequence[float], now: float) -> AfterExit:
    """Whether a backend that ended unasked is started again: `on-failure` once it was ready, `always` also before.

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the machine says about a record.

    `supervised`: the supervisor's lock is held. `commanded`: a command is at work on it. `same_boot`: None where the
    record names no boot. `left_over`: processes that carry its tag; only counted where nobody owns them.
    """

    supervised: bool
    commanded: bool
    same_boot: bool | None = None
    left_over: int = 0
    last_probe_at: str | None = None
    probe_age_seconds: float | None = None


def conclude(record: Deployment, found: Found) -> Deployment:
    """The deployment as it is now: the record where its owner lives, else what follows from the owner's absence."""
    if record.removed_at is not None or record.status in {"stopped", "failed"}:
        return record
    if found.supervised:
        return _with_probe(record, found)
    if found.commanded:
        return record
    if record.status in {"pending", "pulling"}:
        return _ended(
            record, "failed", "interrupted", "the command that prepared it ended before the backend was started"
        )
    if found.same_boot is False:
        return _ended(record, "stopped", "the machine was restarted", None)
    return _ended(record, "failed", "its supervisor was killed", _left(record, found.left_over))


def _with_probe(record: Deployment, found: Found) -> Deployment:
    shown = dataclasses.replace(record, last_probe_at=found.last_probe_at or record.last_probe_at)
    age = found.probe_age_seconds
    if shown.status == "ready" and age is not None and age > PROBE_IS_OLD_SECONDS:
        return dataclasses.replace(shown, status="unhealthy", message=f"the last probe is {age:.0f} s old")
    return shown


def _left(record: Deployment, count: int) -> str:
    if count == 0:
        return "its supervisor was killed, and the backend ended with it"
    processes = "1 process is" if count == 1 else f"{count} processes are"
    return f"its supervisor was killed; {processes} left, and `modelscan stop {record.name}` ends them"


def _ended(record: Deployment, status: Status, message: str, last_error: str | None) -> Deployment:
    return dataclasses.replace(
        record,
        status=status,
        phase=None,
        progress=None,
        pid=None,
        message=message,
        last_error=last_error or record.last_error,
    )
