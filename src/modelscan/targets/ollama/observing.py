"""What a record is, by what Ollama says of its model. Pure."""

from __future__ import annotations

from modelscan import dataclasses
from modelscan.deployments.record import LastError, Record
from modelscan.deployments.transitions.ending import failed, stopped
from modelscan.deployments.transitions.observing import Found, conclude
from modelscan.deployments.transitions.serving import became_ready, with_context
from modelscan.errors import SourceUnavailable
from modelscan.model import Measured
from modelscan.targets.ollama.daemon import LoadedModel

_NOT_WAITED_FOR = "the command that waited for it ended before it was loaded"


def as_found(record: Record, at: str, *, loaded: LoadedModel | None) -> Record:
    """One that is live and that no command works on. Who loaded it cannot be told, and does not matter."""
    if record.status.current in {"pending", "pulling"}:
        return conclude(record, Found(supervised=False, commanded=False))
    if loaded is None:
        waited = record.status.current == "starting"
        return stopped(record, at, _NOT_WAITED_FOR if waited else "Ollama has unloaded it")
    return as_loaded(record, at, loaded)


def as_loaded(record: Record, at: str, loaded: LoadedModel) -> Record:
    ready = with_context(record, loaded.context_length or record.pinned.max_model_len)
    if ready.status.current != "ready":
        ready = became_ready(ready, at, measured=Measured(), measured_bytes=None)
    status = dataclasses.replace(
        ready.status,
        measured_bytes=loaded.size_bytes or None,
        message=_where(loaded),
        last_probe_at=at,
        last_probe_ok=True,
    )
    return dataclasses.replace(ready, status=status)


def without_daemon(record: Record, at: str, error: SourceUnavailable) -> Record:
    hints = (*error.hints, f"modelscan start {record.name}")
    return failed(record, at, LastError(cause=error.message, evidence="; ".join(error.cause) or None, hints=hints))


def _where(loaded: LoadedModel) -> str | None:
    if not loaded.size_bytes:
        return None
    share = loaded.gpu_bytes / loaded.size_bytes
    if share >= 1:
        return "all of it is in GPU memory"
    return f"{share:.0%} of it is in GPU memory" if share else "it is in the host's memory"
