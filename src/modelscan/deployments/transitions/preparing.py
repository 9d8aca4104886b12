"""A record while its environment, weights and command line are prepared."""

from __future__ import annotations

from collections.abc import Mapping

from modelscan import dataclasses
from modelscan.deployments.record import LastError, Record
from modelscan.model import ModelInProcess, Progress
from modelscan.model.words import ASLEEP, Task


def installing(record: Record) -> Record:
    """Its backend's environment is being installed."""
    status = dataclasses.replace(record.status, current="pending", phase="environment", progress=None)
    return dataclasses.replace(record, status=status)


def pulling(record: Record) -> Record:
    """Its weights are being downloaded."""
    status = dataclasses.replace(record.status, current="pulling", phase="download", progress=None)
    return dataclasses.replace(record, status=status)


def progressed(record: Record, progress: Progress) -> Record:
    return dataclasses.replace(record, status=dataclasses.replace(record.status, progress=progress))


def fetched_there(
    record: Record, *, version: str | None, task: Task, quantization: str | None, fetched: str | None
) -> Record:
    """The program of its target has the model; `fetched` is the digest where it had to fetch it."""
    plan = record.pinned.plan if fetched is None else {**record.pinned.plan, "fetched": fetched}
    pinned = dataclasses.replace(
        record.pinned, backend_version=version, task=task, quantization=quantization, plan=plan
    )
    return dataclasses.replace(record, pinned=pinned)


def purged_there(record: Record) -> Record:
    """What was fetched for it is deleted."""
    plan = {name: value for name, value in record.pinned.plan.items() if name != "fetched"}
    return dataclasses.replace(record, pinned=dataclasses.replace(record.pinned, plan=plan))


def prepared(
    record: Record,
    *,
    backend_version: str | None,
    program: str,
    location: str,
    revision: str | None,
    argv: tuple[str, ...],
    env: Mapping[str, str],
    models: tuple[ModelInProcess, ...] = (),
) -> Record:
    """Everything that a start needs is available, and its exact command line is pinned."""
    return dataclasses.replace(
        record,
        pinned=dataclasses.replace(
            record.pinned,
            backend_version=backend_version or record.pinned.backend_version,
            program=program,
            location=location,
            revision=revision,
            argv=argv,
            env=env,
            models=models,
        ),
    )


def claimed_again(record: Record) -> Record:
    """A deployment that was over claims its name, port and memory again. One that sleeps goes on sleeping meanwhile."""
    phase = ASLEEP if record.is_asleep else None
    status = dataclasses.replace(record.status, current="pending", phase=phase, progress=None, message=None)
    return dataclasses.replace(record, status=status)


def preparation_stopped(record: Record, message: str) -> Record:
    """Its preparation ended without a fault: it was interrupted, or the restart of a stopped one was abandoned.

    One that was to be woken sleeps on.
    """
    phase = ASLEEP if record.status.phase == ASLEEP else None
    status = dataclasses.replace(
        record.status, current="stopped", phase=phase, progress=None, message=message, error=None
    )
    return dataclasses.replace(record, status=status)


def preparation_failed(record: Record, message: str) -> Record:
    return dataclasses.replace(
        record,
        status=dataclasses.replace(
            record.status,
            current="failed",
            phase=None,
            progress=None,
            message=message,
            error=LastError(cause=message),
        ),
    )
