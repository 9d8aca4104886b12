"""The end of a deployment: on request, unexpected, or for good."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.deployments.record import LastError, Owner, Record
from modelscan.model.words import ASLEEP


def stopping(record: Record) -> Record:
    status = dataclasses.replace(record.status, current="stopping", phase=None, progress=None, message=None)
    return dataclasses.replace(record, status=status)


def stopped(record: Record, at: str, reason: str | None = None) -> Record:
    """Nothing of it runs any more, on request; or, with a `reason`, on its own."""
    return dataclasses.replace(
        record,
        status=dataclasses.replace(
            record.status,
            current="stopped",
            phase=None,
            progress=None,
            message=reason,
            stopped_at=at,
            last_probe_ok=None,
        ),
        owner=without_process(record.owner),
    )


def fell_asleep(record: Record, at: str, reason: str | None) -> Record:
    """It has given its GPUs back, and its processes stay."""
    status = dataclasses.replace(
        record.status, current="stopped", phase=ASLEEP, progress=None, message=reason, stopped_at=at
    )
    return dataclasses.replace(record, status=status)


def asked_to_stop(record: Record, by: str) -> Record:
    """Who wanted it to end: `user` or `gateway`."""
    return dataclasses.replace(record, status=dataclasses.replace(record.status, stopped_by=by))


def failed(record: Record, at: str, error: LastError, message: str | None = None) -> Record:
    """Nothing of it runs any more, unexpectedly."""
    return dataclasses.replace(
        record,
        status=dataclasses.replace(
            record.status,
            current="failed",
            phase=None,
            progress=None,
            message=message,
            error=error,
            stopped_at=at,
            last_probe_ok=None,
        ),
        owner=without_process(record.owner),
    )


def remarked(record: Record, message: str) -> Record:
    """With a remark on how it ended."""
    return dataclasses.replace(record, status=dataclasses.replace(record.status, message=message))


def removed(record: Record, at: str) -> Record:
    """Its name and port are free again; the record stays, for "already removed"."""
    return dataclasses.replace(record, status=dataclasses.replace(record.status, removed_at=at))


def without_process(owner: Owner) -> Owner:
    return dataclasses.replace(owner, pid=None, pid_start_time=None)
