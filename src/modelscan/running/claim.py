"""Writing a deployment down before anything is started: the record is what claims its name, its port, its memory."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from modelscan.deployments import commanding
from modelscan.deployments.claims import claimed_bytes, memory_left, with_memory_back
from modelscan.deployments.store import Store
from modelscan.errors import Conflict, Interrupted, ModelscanError
from modelscan.model import Deployment
from modelscan.running.memory import memory_is_back
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine
from modelscan.storage.locks import Lock
from modelscan.system.processes.identity import tagged_as
from modelscan.system.processes.ports import next_free, require_free
from modelscan.targets.local import control
from modelscan.units import format_bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A record that holds its claims, and the lock that says a command is at work on it."""

    deployment: Deployment
    lock: Lock


@contextlib.contextmanager
def claim_record(
    context: Context, record: Deployment, *, port: int | None, replacing: Deployment | None
) -> Iterator[Claimed]:
    """Create the record and hold its command lock. What fails inside is written down: nothing stays half-made.

    `port` is the one that was asked for. The deployment that is replaced is stopped and removed first. Raises
    Conflict when name, port or memory (`details["taken"]`) are taken.
    """
    settings, clock = context.settings, context.clock
    with commanding.command(record.id, settings=settings, clock=clock) as lock:
        with commanding.claims(settings, clock=clock), Store(settings.paths, clock) as store:
            port = _port(context, store, port, replacing)  # before anything is taken away
            _require_memory(context, record, replacing)
            if replacing is not None:
                back = memory_is_back(context, replacing)
                control.remove(replacing, settings=settings, clock=clock, memory_is_back=back)
            deployment = store.create(
                dataclasses.replace(
                    record,
                    port=port,
                    base_url=f"http://localhost:{port}",
                    openai_base_url=f"http://localhost:{port}/v1",
                )
            )
        with _written_down(context, deployment, "failed"):
            yield Claimed(deployment=deployment, lock=lock)


@contextlib.contextmanager
def claim_again(context: Context, found: Deployment) -> Iterator[Claimed]:
    """The same for one that is over: its record claims its memory again. One that lives is left as it is.

    What a killed supervisor left over is ended first, as it holds that memory.
    """
    settings, clock = context.settings, context.clock
    with (
        commanding.command(found.id, settings=settings, clock=clock) as lock,
        Store(settings.paths, clock) as store,
    ):
        seen = context.deployments.observe(commanding.current(store, found), commanding=True)
        if seen.status not in {"stopped", "failed"}:
            yield Claimed(deployment=seen, lock=lock)
            return
        if tagged_as(seen.id):
            back = memory_is_back(context, seen)
            control.stop(seen, settings=settings, clock=clock, held=lock, memory_is_back=back)
        with commanding.claims(settings, clock=clock):
            _require_memory(context, seen, None)
            if store.by_id(seen.id).status not in {"stopped", "failed"}:
                store.update(seen.id, status=seen.status, pid=None)  # first what it had become unseen
            claimed = store.update(seen.id, status="pending", phase=None, progress=None, message=None)
        with _written_down(context, seen, seen.status):
            yield Claimed(deployment=claimed, lock=lock)


@contextlib.contextmanager
def _written_down(context: Context, deployment: Deployment, status: str) -> Iterator[None]:
    """What ends the preparation becomes the end of the record; once it was started, its supervisor writes."""
    try:
        yield
    except KeyboardInterrupt:
        _write_end(context, deployment, "stopped", "interrupted before it was started")
        name = deployment.name
        raise Interrupted(
            "interrupted before the backend was started",
            hints=[f"modelscan start {name}", f"modelscan remove {name}"],
        ) from None
    except ModelscanError as error:
        _write_end(context, deployment, status, error.message)
        raise


def _write_end(context: Context, deployment: Deployment, status: str, message: str) -> None:
    with Store(context.settings.paths, context.clock) as store:
        if store.by_id(deployment.id).status in {"pending", "pulling"}:
            error = message if status == "failed" else None
            store.update(deployment.id, status=status, phase=None, progress=None, message=message, last_error=error)


def _port(context: Context, store: Store, wanted: int | None, replacing: Deployment | None) -> int:
    """The port that was asked for, that of the deployment which is replaced, or the next free one. Raises Conflict."""
    others = {item.port: item.name for item in store.list() if item.port is not None and item != replacing}
    own = replacing.port if replacing is not None else None
    if wanted is None:
        return own or next_free(context.settings.deploy.first_port, others)
    if wanted in others:
        raise Conflict(
            f"port `{wanted}` belongs to the deployment `{others[wanted]}`",
            hints=["choose another --port", f"modelscan remove {others[wanted]}"],
            details={"port": wanted},
        )
    if wanted != own:
        require_free(wanted)
    return wanted


def _require_memory(context: Context, record: Deployment, replacing: Deployment | None) -> None:
    """Measure again, under the lock of claims, and raise Conflict when what is left is less than the record claims."""
    each = claimed_bytes(record)
    if each is None:
        return
    hardware = machine(context)
    if replacing is not None:
        hardware = with_memory_back(hardware, context.deployments.observe(replacing))
    claims = context.deployments.claims(hardware, but=replacing)
    for index in record.gpu_indices or (None,):
        left = memory_left(hardware, claims, index)
        if left is not None and left < each:
            where = "this machine" if index is None else f"GPU {index}"
            others = [claim for claim in claims if claim.gpu_index == index and claim.outstanding_bytes]
            promised = sum(claim.outstanding_bytes for claim in others)
            raise Conflict(
                f"`{record.name}` needs {format_bytes(each)} on {where}, and {format_bytes(left)} are free",
                cause=[f"{format_bytes(promised)} are promised to deployments that are starting"] if others else [],
                hints=[
                    "modelscan gpu",
                    "modelscan ps",
                    f"modelscan deploy {record.model} --name {record.name} --replace",
                ],
                details={"taken": "memory", "needed_bytes": each, "free_bytes": left, "gpu_index": index},
            )
