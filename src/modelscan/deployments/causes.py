"""What an event says besides its status: why it happened, as far as the record knows. Pure."""

from __future__ import annotations

from modelscan.deployments.record import Record
from modelscan.model.words import Status


def cause(record: Record) -> str | None:
    """Why a record has the status that it now has."""
    status, pinned = record.status, record.pinned
    if status.current == "failed":
        return status.error.cause if status.error else status.message
    if status.message:
        return status.message
    plan = (
        f"{pinned.quantization or 'weights as they are'} with {pinned.backend} {pinned.backend_version or ''}".rstrip()
    )
    causes: dict[Status, str] = {
        "pending": plan,
        "pulling": f"downloading {pinned.repo_id or record.spec.model}",
        "starting": f"on port {pinned.port}" if pinned.port else "launching the backend",
        "ready": f"answers at {pinned.base_url}",
        "stopping": "on request",
        "stopped": "on request",
    }
    return causes.get(status.current)


def step(before: Record, after: Record) -> str | None:
    """The step of a start that begins with this change; None where it is the same one, or there is none."""
    now = after.status
    return now.phase if now.phase != before.status.phase and now.current in {"pulling", "starting"} else None
