"""Writing a deployment down before anything is started: the record is what claims its name and its port."""

from __future__ import annotations

import contextlib
import dataclasses
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from modelscan.backends.base import Launch
from modelscan.backends.registry import BACKENDS
from modelscan.deployments import control
from modelscan.deployments.ports import next_free, require_free
from modelscan.deployments.store import Store
from modelscan.errors import Conflict, Interrupted, ModelscanError
from modelscan.model import (
    Candidate,
    Deployment,
    DeploymentMemory,
    Installation,
    RestartPolicy,
    WeightsDescription,
)
from modelscan.operations.context import Context
from modelscan.operations.events import Event, Report
from modelscan.operations.planning import Planned
from modelscan.operations.pulling import ensure_weights
from modelscan.operations.requests import DeployRequest
from modelscan.storage.locks import Lock


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A record that was just created, and the lock that says a command is at work on it."""

    deployment: Deployment
    lock: Lock


@contextlib.contextmanager
def claim_record(
    context: Context, record: Deployment, *, port: int | None, replacing: Deployment | None
) -> Iterator[Claim]:
    """Create the record and hold its command lock. What fails inside is written down: nothing stays half-made.

    `port` is the one that was asked for. The deployment that is replaced is stopped and removed first. Raises
    Conflict when name or port are taken.
    """
    settings, clock = context.settings, context.clock
    with control.command(record.id, settings=settings, clock=clock) as lock:
        with control.claims(settings, clock=clock), Store(settings.paths, clock) as store:
            port = _port(context, store, port, replacing)  # before anything is taken away
            if replacing is not None:
                control.remove(replacing, settings=settings, clock=clock)
            deployment = store.create(
                dataclasses.replace(
                    record,
                    port=port,
                    base_url=f"http://localhost:{port}",
                    openai_base_url=f"http://localhost:{port}/v1",
                )
            )
        try:
            yield Claim(deployment=deployment, lock=lock)
        except KeyboardInterrupt:
            _write_end(context, deployment, "stopped", "interrupted before it was started")
            raise Interrupted(
                "interrupted before the backend was started",
                hints=[f"modelscan start {record.name}", f"modelscan remove {record.name}"],
            ) from None
        except ModelscanError as error:
            _write_end(context, deployment, "failed", error.message)
            raise


def _write_end(context: Context, deployment: Deployment, status: str, message: str) -> None:
    with Store(context.settings.paths, context.clock) as store:
        store.update(deployment.id, status=status, message=message, last_error=message if status == "failed" else None)


def _port(context: Context, store: Store, wanted: int | None, replacing: Deployment | None) -> int:
    """The port that was asked for, that of the deployment which is replaced, or the next free one. Raises Conflict."""
    others = {item.port: item.name for item in store.list() if item.port is not None and item != replacing}
    own = replacing.port if replacing is not None else None
    if wanted is None:
        return own or next_free(context.settings.first_port, others)
    if wanted in others:
        raise Conflict(
            f"port `{wanted}` belongs to the deployment `{others[wanted]}`",
            hints=["choose another --port", f"modelscan remove {others[wanted]}"],
            details={"port": wanted},
        )
    if wanted != own:
        require_free(wanted)
    return wanted


def new_record(
    context: Context,
    wanted: DeployRequest,
    planned: Planned,
    chosen: Candidate,
    installation: Installation,
    name: str,
    request: Mapping[str, Any],
) -> Deployment:
    """The record of a deployment before it has a port, and so an address."""
    resolved, settings = planned.resolved, context.settings
    description = described(planned, chosen)
    restart = cast("RestartPolicy", wanted.restart or settings.restart)
    return Deployment(
        id=uuid.uuid4().hex,
        name=name,
        model=resolved.model_id,
        catalog_id=resolved.model.id if resolved.model else None,
        task=_task(chosen, description),
        repo_id=chosen.repo_id,
        revision=description.commit or chosen.revision,
        source=chosen.source,
        backend=chosen.backend,
        backend_version=installation.version or chosen.backend_version,
        quantization=chosen.quantization,
        mode=chosen.mode,
        served_model_names=tuple(dict.fromkeys((name, resolved.model_id))),
        host="127.0.0.1",
        api_key_env=wanted.api_key_env,
        gpu_indices=chosen.gpu_indices,
        gpu_uuids=chosen.gpu_uuids,
        tensor_parallel=chosen.tensor_parallel,
        max_model_len=chosen.max_model_len,
        kv_cache_tokens=chosen.kv_cache_tokens,
        max_concurrency=chosen.max_concurrency,
        memory=DeploymentMemory(estimated_bytes=chosen.memory_per_gpu.total_bytes * max(1, len(chosen.gpu_indices))),
        request=request,
        location=description.location,
        program=installation.program,
        restart_policy=restart,
        stall_timeout_seconds=wanted.stall_timeout or settings.stall_timeout,
        stop_grace_seconds=settings.stop_grace,
    )


def described(planned: Planned, chosen: Candidate) -> WeightsDescription:
    """What is known of the weights of the chosen candidate."""
    options = planned.resolved.options
    return next(
        (item for item in options if (item.source, item.repo_id) == (chosen.source, chosen.repo_id)), options[0]
    )


def _task(chosen: Candidate, description: WeightsDescription) -> Any:
    """A chat model without a chat template can only complete."""
    return "completion" if chosen.task == "chat" and description.has_chat_template is False else chosen.task


def fill_in(
    context: Context, claim: Claim, chosen: Candidate, installation: Installation, report: Report
) -> Deployment:
    """Fetch the weights where they are missing, and pin the exact command line."""
    deployment = claim.deployment
    with Store(context.settings.paths, context.clock) as store:
        store.update(deployment.id, status="pulling", phase="download")
    wanted = dataclasses.replace(chosen, revision=deployment.revision)
    location, commit = ensure_weights(context, wanted, report)
    launch = Launch(
        location=location,
        served_model_names=deployment.served_model_names,
        port=deployment.port or 0,
        host=deployment.host,
        program=installation.program,
        api_key_env=deployment.api_key_env,
        device=installation.device,
    )
    backend = BACKENDS[chosen.backend]
    command = backend.command_line(chosen, launch)
    for text in (*backend.cautions, *command.dropped):
        report(Event("warning", text))
    with Store(context.settings.paths, context.clock) as store:
        return store.update(deployment.id, location=location, revision=commit, argv=command.argv, env={**command.env})
