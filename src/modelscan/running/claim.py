"""Writing a deployment down before anything is started: the record is what claims its name, its port, its memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from modelscan.deployments import commanding
from modelscan.deployments.claims import claimed_bytes, memory_left, with_memory_back
from modelscan.deployments.document import deployment_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.preparing import claimed_again, preparation_failed, preparation_stopped
from modelscan.deployments.transitions.replanning import moved_to_port
from modelscan.errors import Conflict, Interrupted, ModelscanError
from modelscan.running.memory import memory_is_back
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine
from modelscan.storage.locks import Lock
from modelscan.system.processes.identity import tagged_as
from modelscan.system.processes.ports import next_free, require_free
from modelscan.targets.local import control
from modelscan.units import format_bytes

_OVER = frozenset({"stopped", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A record that holds its claims, and the lock that says a command is at work on it."""

    record: Record
    lock: Lock


@contextlib.contextmanager
def claim_record(context: Context, record: Record, *, port: int | None, replacing: Record | None) -> Iterator[Claimed]:
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
                back = memory_is_back(context, deployment_of(replacing))
                control.remove(replacing.id, settings=settings, clock=clock, memory_is_back=back)
            created = store.create(moved_to_port(record, port))
        with _written_down(context, created, preparation_failed):
            yield Claimed(record=created, lock=lock)


@contextlib.contextmanager
def claim_again(context: Context, deployment_id: str) -> Iterator[Claimed]:
    """The same for one that is over: its record claims its memory again. One that lives is left as it is.

    What a killed supervisor left over is ended first, as it holds that memory.
    """
    settings, clock = context.settings, context.clock
    with (
        commanding.command(deployment_id, settings=settings, clock=clock) as lock,
        Store(settings.paths, clock) as store,
    ):
        seen = context.deployments.observe(commanding.current(store, deployment_id), commanding=True)
        if seen.status.current not in _OVER:
            yield Claimed(record=seen, lock=lock)
            return
        if tagged_as(seen.id):
            back = memory_is_back(context, deployment_of(seen))
            control.stop(seen.id, settings=settings, clock=clock, held=lock, memory_is_back=back)
        with commanding.claims(settings, clock=clock):
            _require_memory(context, seen, None)
            if store.by_id(seen.id).status.current not in _OVER:
                store.write(seen)  # first what it had become unseen
            claimed = store.write(claimed_again(store.by_id(seen.id)))
        ended = preparation_failed if seen.status.current == "failed" else preparation_stopped
        with _written_down(context, seen, ended):
            yield Claimed(record=claimed, lock=lock)


@contextlib.contextmanager
def _written_down(context: Context, record: Record, ended: Callable[[Record, str], Record]) -> Iterator[None]:
    """What ends the preparation becomes the end of the record; once it was started, its supervisor writes."""
    try:
        yield
    except KeyboardInterrupt:
        _write_end(context, record, preparation_stopped, "interrupted before it was started")
        name = record.name
        raise Interrupted(
            "interrupted before the backend was started",
            hints=[f"modelscan start {name}", f"modelscan remove {name}"],
        ) from None
    except ModelscanError as error:
        _write_end(context, record, ended, error.message)
        raise


def _write_end(context: Context, record: Record, ended: Callable[[Record, str], Record], message: str) -> None:
    with Store(context.settings.paths, context.clock) as store:
        now = store.by_id(record.id)
        if now.status.current in {"pending", "pulling"}:
            store.write(ended(now, message))


def _port(context: Context, store: Store, wanted: int | None, replacing: Record | None) -> int:
    """The port that was asked for, that of the deployment which is replaced, or the next free one. Raises Conflict."""
    own = replacing.pinned.port if replacing is not None else None
    others = {item.pinned.port: item.name for item in store.list() if item.pinned.port not in {None, own}}
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


def _require_memory(context: Context, record: Record, replacing: Record | None) -> None:
    """Measure again, under the lock of claims, and raise Conflict when what is left is less than the record claims."""
    each = claimed_bytes(record)
    if each is None:
        return
    hardware = machine(context)
    if replacing is not None:
        hardware = with_memory_back(hardware, context.deployments.observe(replacing))
    claims = context.deployments.claims(hardware, but=replacing)
    for index in record.pinned.gpu_indices or (None,):
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
                    f"modelscan deploy {record.spec.model} --name {record.name} --replace",
                ],
                details={"taken": "memory", "needed_bytes": each, "free_bytes": left, "gpu_index": index},
            )
