"""A start: a supervisor, its backend's process, and the phases until it answers."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.deployments.record import Owner, Record
from modelscan.deployments.transitions.ending import without_process
from modelscan.model import Progress


def starting(record: Record, at: str, *, log_path: str | None = None) -> Record:
    """Its start begins; what the last one left in the status is cleared."""
    return dataclasses.replace(
        record,
        status=dataclasses.replace(
            record.status,
            current="starting",
            phase="launching",
            progress=None,
            message=None,
            restarts=0,
            error=None,
            last_probe_at=None,
            last_probe_ok=None,
            log_path=log_path,
            started_at=at,
            ready_at=None,
            stopped_at=None,
            stopped_by=None,
        ),
        owner=without_process(record.owner),
    )


def supervised(record: Record, *, boot_id: str | None, pid: int, start_time: int | None) -> Record:
    """A supervisor owns it."""
    owner = Owner(boot_id=boot_id, supervisor_pid=pid, supervisor_start_time=start_time)
    return dataclasses.replace(record, owner=owner)


def waiting(record: Record, detail: str) -> Record:
    """Its GPUs are not available yet."""
    status = dataclasses.replace(record.status, phase="waiting", progress=Progress(detail=detail))
    return dataclasses.replace(record, status=status)


def admitted(record: Record) -> Record:
    """Its GPUs are available."""
    return dataclasses.replace(record, status=dataclasses.replace(record.status, phase="launching", progress=None))


def launched(record: Record, *, pid: int, start_time: int | None, expected_at: str | None) -> Record:
    """Its backend's first process runs."""
    return dataclasses.replace(
        record,
        status=dataclasses.replace(record.status, phase="launching", progress=Progress(expected_at=expected_at)),
        owner=dataclasses.replace(record.owner, pid=pid, pid_start_time=start_time),
    )


def waking(record: Record, at: str) -> Record:
    """It has slept, and takes its GPUs again."""
    status = dataclasses.replace(
        record.status,
        current="starting",
        phase="waking",
        progress=None,
        message=None,
        started_at=at,
        ready_at=None,
        stopped_at=None,
        stopped_by=None,
    )
    return dataclasses.replace(record, status=status)


def reached(record: Record, phase: str, progress: Progress) -> Record:
    return dataclasses.replace(record, status=dataclasses.replace(record.status, phase=phase, progress=progress))


def sized(record: Record, *, kv_cache_tokens: int | None, max_concurrency: float | None) -> Record:
    """Its backend's log reports the size of the KV cache; None where it does not."""
    status = record.status
    if kv_cache_tokens is not None:
        status = dataclasses.replace(status, kv_cache_tokens=kv_cache_tokens)
    if max_concurrency is not None:
        status = dataclasses.replace(status, max_concurrency=max_concurrency)
    return dataclasses.replace(record, status=status)
