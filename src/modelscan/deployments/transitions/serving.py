"""A backend that answers: ready, probed, unhealthy and recovered."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.deployments.record import Record
from modelscan.model import Measured, MeasuredParts


def became_ready(
    record: Record,
    at: str,
    *,
    measured: Measured,
    measured_bytes: int | None,
    measured_parts: MeasuredParts | None = None,
) -> Record:
    """It generated its first token."""
    return dataclasses.replace(
        record,
        status=dataclasses.replace(
            record.status,
            current="ready",
            phase=None,
            progress=None,
            message=None,
            ready_at=at,
            last_probe_at=at,
            last_probe_ok=True,
            measured=measured,
            measured_bytes=measured_bytes,
            measured_parts=measured_parts,
        ),
    )


def with_context(record: Record, tokens: int | None) -> Record:
    """The context that it was loaded with, where that is not planned here."""
    return dataclasses.replace(record, pinned=dataclasses.replace(record.pinned, max_model_len=tokens))


def probed(record: Record, at: str, *, ok: bool) -> Record:
    return dataclasses.replace(record, status=dataclasses.replace(record.status, last_probe_at=at, last_probe_ok=ok))


def became_unhealthy(record: Record, trouble: str) -> Record:
    status = dataclasses.replace(record.status, current="unhealthy", message=trouble)
    return dataclasses.replace(record, status=status)


def recovered(record: Record) -> Record:
    return dataclasses.replace(record, status=dataclasses.replace(record.status, current="ready", message=None))
