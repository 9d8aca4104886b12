"""A record as the flat document that the database keeps and that JSON output shows, and back. Pure.

The document stays flat: a supervisor that lives through an upgrade goes on writing it with the code it was started
with.
"""

from __future__ import annotations

import json
from typing import get_args

from modelscan.dataclasses import dataclass
from modelscan.deployments.record import DeploymentSpec, DeploymentStatus, LastError, Owner, PinnedPlan, Record
from modelscan.model import Deployment, DeploymentMemory
from modelscan.model.words import Status
from modelscan.storage.documents import check_types, checked_document, to_document

_PORTS = range(1, 65_536)
_STATUSES = frozenset(get_args(Status))


@dataclass(frozen=True, kw_only=True)
class _PlanFigures:
    """What is read of a pinned plan while it is listed and supervised; whoever prepares it checks all of it."""

    max_model_len: int | None
    max_num_seqs: int | None
    gpu_memory_utilization: float | None
    kv_cache_dtype: str | None
    pipeline_parallel: int
    explicit: tuple[str, ...]


def written(record: Record) -> str:
    return json.dumps(to_document(deployment_of(record)), ensure_ascii=False, separators=(",", ":"))


def read(text: str) -> Record:
    """The inverse of `written`, also of what earlier versions wrote, and without what only newer ones know.

    Raises ValueError, TypeError, KeyError or AttributeError for what is none of ours.
    """
    document = checked_document(Deployment, json.loads(text))
    check_types(_PlanFigures, document.plan)
    return record_of(document)


def deployment_of(record: Record) -> Deployment:
    """The record as users see it."""
    spec, pinned, status, owner = record.spec, record.pinned, record.status, record.owner
    error = status.error
    return Deployment(
        id=spec.id,
        name=spec.name,
        target=spec.target,
        model=spec.model,
        catalog_id=spec.catalog_id,
        task=pinned.task,
        repo_id=pinned.repo_id,
        revision=pinned.revision,
        source=pinned.source,
        backend=pinned.backend,
        backend_version=pinned.backend_version,
        quantization=pinned.quantization,
        mode=pinned.mode,
        status=status.current,
        phase=status.phase,
        progress=status.progress,
        message=status.message,
        base_url=pinned.base_url,
        openai_base_url=pinned.openai_base_url,
        served_model_names=spec.served_model_names,
        host=pinned.host,
        port=pinned.port,
        socket=pinned.socket,
        api_key_env=spec.api_key_env,
        pid=owner.pid,
        gpu_indices=pinned.gpu_indices,
        gpu_uuids=pinned.gpu_uuids,
        tensor_parallel=pinned.tensor_parallel,
        max_model_len=pinned.max_model_len,
        kv_cache_tokens=status.kv_cache_tokens,
        max_concurrency=status.max_concurrency,
        memory=DeploymentMemory(
            estimated_bytes=pinned.estimated_bytes,
            measured_bytes=status.measured_bytes,
            measured_parts=status.measured_parts,
        ),
        measured=status.measured,
        restarts=status.restarts,
        request=spec.request,
        created_at=spec.created_at,
        updated_at=status.updated_at,
        started_at=status.started_at,
        ready_at=status.ready_at,
        stopped_at=status.stopped_at,
        removed_at=status.removed_at,
        last_error=error.cause if error else None,
        argv=pinned.argv,
        log_path=status.log_path,
        on_demand=spec.on_demand,
        sleep=spec.sleep,
        started_by=spec.started_by,
        reference=spec.reference,
        location=pinned.location,
        program=pinned.program,
        env=pinned.env,
        restart_policy=spec.restart_policy,
        stall_timeout_seconds=spec.stall_timeout_seconds,
        idle_timeout_seconds=spec.idle_timeout_seconds,
        stop_grace_seconds=spec.stop_grace_seconds,
        aliases=spec.aliases,
        adapters=pinned.adapters,
        models=pinned.models,
        at_gateway=spec.at_gateway,
        stopped_by=status.stopped_by,
        last_probe_at=status.last_probe_at,
        last_probe_ok=status.last_probe_ok,
        boot_id=owner.boot_id,
        supervisor_pid=owner.supervisor_pid,
        supervisor_start_time=owner.supervisor_start_time,
        pid_start_time=owner.pid_start_time,
        error_evidence=error.evidence if error else None,
        error_hints=error.hints if error else (),
        error_suggested=error.suggested if error else {},
        plan=pinned.plan,
        adjustments=pinned.adjustments,
    )


def record_of(document: Deployment) -> Record:
    """The inverse of `deployment_of`. Raises ValueError for a status or a port that is none."""
    if document.port is not None and document.port not in _PORTS:
        raise ValueError(f"`{document.port}` is not a port")
    if document.status not in _STATUSES:
        raise ValueError(f"`{document.status}` is not a status")
    return Record(spec=_spec(document), pinned=_pinned(document), status=_status(document), owner=_owner(document))


def _spec(document: Deployment) -> DeploymentSpec:
    return DeploymentSpec(
        id=document.id,
        name=document.name,
        target=document.target,
        model=document.model,
        reference=document.reference,
        catalog_id=document.catalog_id,
        served_model_names=document.served_model_names,
        api_key_env=document.api_key_env,
        request=document.request,
        started_by=document.started_by,
        on_demand=document.on_demand,
        sleep=document.sleep,
        restart_policy=document.restart_policy,
        stall_timeout_seconds=document.stall_timeout_seconds,
        idle_timeout_seconds=document.idle_timeout_seconds,
        stop_grace_seconds=document.stop_grace_seconds,
        aliases=document.aliases,
        at_gateway=document.at_gateway,
        created_at=document.created_at,
    )


def _pinned(document: Deployment) -> PinnedPlan:
    return PinnedPlan(
        backend=document.backend,
        backend_version=document.backend_version,
        task=document.task,
        mode=document.mode,
        source=document.source,
        repo_id=document.repo_id,
        revision=document.revision,
        quantization=document.quantization,
        location=document.location,
        program=document.program,
        argv=document.argv,
        env=document.env,
        host=document.host,
        port=document.port,
        socket=document.socket,
        base_url=document.base_url,
        openai_base_url=document.openai_base_url,
        gpu_indices=document.gpu_indices,
        gpu_uuids=document.gpu_uuids,
        tensor_parallel=document.tensor_parallel,
        max_model_len=document.max_model_len,
        estimated_bytes=document.memory.estimated_bytes,
        adapters=document.adapters,
        models=document.models,
        plan=document.plan,
        adjustments=document.adjustments,
    )


def _status(document: Deployment) -> DeploymentStatus:
    return DeploymentStatus(
        current=document.status,
        phase=document.phase,
        progress=document.progress,
        message=document.message,
        restarts=document.restarts,
        error=_error(document),
        kv_cache_tokens=document.kv_cache_tokens,
        max_concurrency=document.max_concurrency,
        measured=document.measured,
        measured_bytes=document.memory.measured_bytes,
        measured_parts=document.memory.measured_parts,
        last_probe_at=document.last_probe_at,
        last_probe_ok=document.last_probe_ok,
        log_path=document.log_path,
        updated_at=document.updated_at,
        started_at=document.started_at,
        ready_at=document.ready_at,
        stopped_at=document.stopped_at,
        removed_at=document.removed_at,
        stopped_by=document.stopped_by,
    )


def _error(document: Deployment) -> LastError | None:
    if document.last_error is None:
        return None
    return LastError(
        cause=document.last_error,
        evidence=document.error_evidence,
        hints=document.error_hints,
        suggested=document.error_suggested,
    )


def _owner(document: Deployment) -> Owner:
    return Owner(
        boot_id=document.boot_id,
        supervisor_pid=document.supervisor_pid,
        supervisor_start_time=document.supervisor_start_time,
        pid=document.pid,
        pid_start_time=document.pid_start_time,
    )
