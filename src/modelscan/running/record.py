"""The record of a new deployment, made from its plan."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from modelscan import dataclasses
from modelscan.deployments.files import files_of
from modelscan.deployments.naming import deployment_name
from modelscan.deployments.record import DeploymentSpec, DeploymentStatus, PinnedPlan, Record
from modelscan.errors import Usage
from modelscan.model import Adapter, Candidate, Installation, ModelInProcess, WeightsDescription
from modelscan.selecting.command import served_names
from modelscan.selecting.context import Context
from modelscan.selecting.entries.applied import at_gateway
from modelscan.selecting.plan import Planned, described
from modelscan.selecting.requests import DeployRequest
from modelscan.selecting.resolved import Resolved
from modelscan.storage.documents import to_document


def new_record(
    context: Context,
    wanted: DeployRequest,
    planned: Planned,
    chosen: Candidate,
    installation: Installation | None,
    name: str,
    request: Mapping[str, Any],
) -> Record:
    """The record of a deployment before it has a port, and so an address. Without `installation` it must be made."""
    resolved, settings = planned.resolved, context.settings
    description = described(planned, chosen)
    names = served_names(name, resolved, description)
    _refuse_taken(chosen.adapters, names)
    identity = uuid.uuid4().hex
    spec = DeploymentSpec(
        id=identity,
        name=name,
        target=wanted.target,
        model=resolved.model_id,
        reference=resolved.reference,
        catalog_id=resolved.model.id if resolved.model else None,
        served_model_names=names,
        api_key_env=wanted.api_key_env,
        request=request,
        started_by=wanted.started_by,
        on_demand=wanted.on_demand,
        sleep=wanted.sleep,
        restart_policy=wanted.restart or settings.deploy.restart,
        stall_timeout_seconds=wanted.stall_timeout or settings.deploy.stall_timeout,
        idle_timeout_seconds=wanted.idle_timeout,
        stop_grace_seconds=settings.deploy.stop_grace,
        aliases=wanted.aliases,
        at_gateway=at_gateway(resolved.registered, chosen.backend),
    )
    pinned = PinnedPlan(
        backend=chosen.backend,
        backend_version=(installation.version if installation else None) or chosen.backend_version,
        task=_task(chosen, description),
        mode=chosen.mode,
        source=chosen.source,
        repo_id=chosen.repo_id,
        revision=description.commit or chosen.revision,
        quantization=chosen.quantization,
        location=description.location,
        program=installation.program if installation else None,
        socket=str(files_of(settings.paths, identity).socket) if wanted.sleep else None,
        gpu_indices=chosen.gpu_indices,
        gpu_uuids=chosen.gpu_uuids,
        tensor_parallel=chosen.tensor_parallel,
        max_model_len=chosen.max_model_len,
        estimated_bytes=chosen.memory_per_gpu.total_bytes * max(1, len(chosen.gpu_indices)) or None,
        adapters=chosen.adapters,
        models=_models(resolved, chosen, description, names),
        plan=to_document(chosen),
    )
    status = DeploymentStatus(kv_cache_tokens=chosen.kv_cache_tokens, max_concurrency=chosen.max_concurrency)
    return Record(spec=spec, pinned=pinned, status=status)


def _models(
    resolved: Resolved, chosen: Candidate, description: WeightsDescription, names: tuple[str, ...]
) -> tuple[ModelInProcess, ...]:
    """Those of one process, each under names of its own; none where it serves its model alone."""
    if not chosen.beside:
        return ()
    first = ModelInProcess(
        model=resolved.model_id,
        reference=resolved.reference,
        task=_task(chosen, description),
        source=chosen.source,
        repo_id=chosen.repo_id,
        revision=description.commit or chosen.revision,
        quantization=chosen.quantization,
        location=description.location,
        served_model_names=names,
        model_args=chosen.model_args,
        weights_bytes=chosen.memory_per_gpu.weights_bytes - sum(item.weights_bytes or 0 for item in chosen.beside),
    )
    models, taken = [first], set(names)
    for other, item in zip(resolved.beside, chosen.beside, strict=True):
        weights = next(one for one in other.options if (one.source, one.repo_id) == (item.source, item.repo_id))
        own = served_names(deployment_name(None, other.model_id), other, weights)
        models.append(dataclasses.replace(item, served_model_names=tuple(name for name in own if name not in taken)))
        taken.update(own)
    return tuple(models)


def _refuse_taken(adapters: Sequence[Adapter], names: tuple[str, ...]) -> None:
    """Raise Usage for an adapter that is called as the model is: nobody could ask for both."""
    taken = next((item.name for item in adapters if item.name in names), None)
    if taken is not None:
        raise Usage(f"the adapter `{taken}` has the name of its model", hints=["give it another: --adapter OTHER=…"])


def record_there(
    wanted: DeployRequest, target: str, names: tuple[str, ...], name: str, request: Mapping[str, Any]
) -> Record:
    """The record of a deployment of a model that its target's own program has; `names` are those of the model there."""
    spec = DeploymentSpec(
        id=uuid.uuid4().hex,
        name=name,
        target=target,
        model=names[0],
        reference=wanted.plan.model,
        served_model_names=names,
        request=request,
        started_by=wanted.started_by,
        aliases=wanted.aliases,
    )
    return Record(spec=spec, pinned=PinnedPlan(backend=target, repo_id=names[0]))


def _task(chosen: Candidate, description: WeightsDescription) -> Any:
    """A chat model without a chat template can only complete."""
    return "completion" if chosen.task == "chat" and description.has_chat_template is False else chosen.task
