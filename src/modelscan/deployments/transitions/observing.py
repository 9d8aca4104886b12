"""What a record is now, judged by what the machine shows."""

from __future__ import annotations

from typing import Literal

from modelscan import dataclasses
from modelscan.dataclasses import dataclass
from modelscan.deployments.record import LastError, Record
from modelscan.deployments.transitions.ending import without_process
from modelscan.model.words import ASLEEP

PROBE_IS_OLD_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the machine says about a record.

    `supervised`: the supervisor's lock is held. `commanded`: a command works on it. `same_boot`: None where the
    record names no boot. `left_over`: processes that carry its tag; only counted where nobody owns them.
    """

    supervised: bool
    commanded: bool
    same_boot: bool | None = None
    left_over: int = 0
    last_probe_at: str | None = None
    probe_age_seconds: float | None = None


def conclude(record: Record, found: Found) -> Record:
    """The record as it is now: as written where its owner lives, else what follows from the owner's absence."""
    status = record.status
    if status.removed_at is not None or not record.is_live:
        return record
    if record.status.phase == ASLEEP and not found.commanded:
        return _asleep(record, found)
    if found.supervised or found.commanded:
        return _with_probe(record, found) if found.supervised else record
    if status.current in {"pending", "pulling"}:
        return _ended(
            record, "failed", "interrupted", "the command that prepared it ended before the backend was started"
        )
    if found.same_boot is False:
        return _ended(record, "stopped", "the machine was restarted", None)
    return _ended(record, "failed", "its supervisor was killed", _left(record, found.left_over))


def _with_probe(record: Record, found: Found) -> Record:
    status = dataclasses.replace(record.status, last_probe_at=found.last_probe_at or record.status.last_probe_at)
    age = found.probe_age_seconds
    if status.current == "ready" and age is not None and age > PROBE_IS_OLD_SECONDS:
        status = dataclasses.replace(status, current="unhealthy", message=f"the last probe is {age:.0f} s old")
    return dataclasses.replace(record, status=status)


def _asleep(record: Record, found: Found) -> Record:
    """Also one that somebody was about to wake who is gone."""
    if found.supervised:
        return dataclasses.replace(record, status=dataclasses.replace(record.status, current="stopped"))
    return _ended(record, "stopped", _why_gone(found), None)


def _why_gone(found: Found) -> str:
    return "the machine was restarted" if found.same_boot is False else "its supervisor was killed while it was asleep"


def _left(record: Record, count: int) -> str:
    if count == 0:
        return "its supervisor was killed, and the backend ended with it"
    processes = "1 process is" if count == 1 else f"{count} processes are"
    return f"its supervisor was killed; {processes} left, and `modelscan stop {record.name}` ends them"


def _ended(record: Record, current: Literal["stopped", "failed"], message: str, cause: str | None) -> Record:
    return dataclasses.replace(
        record,
        status=dataclasses.replace(
            record.status,
            current=current,
            phase=None,
            progress=None,
            message=message,
            error=LastError(cause=cause) if cause else record.status.error,
        ),
        owner=without_process(record.owner),
    )
