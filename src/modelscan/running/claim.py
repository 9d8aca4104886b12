"""Store a deployment before anything starts: its record claims its name, port and memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from modelscan.dataclasses import dataclass
from modelscan.deployments import commanding
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.preparing import claimed_again, preparation_failed, preparation_stopped
from modelscan.errors import Interrupted, ModelscanError, TimedOut
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine
from modelscan.storage.locks import Lock
from modelscan.system.deadline import OutOfTime

_OVER = frozenset({"stopped", "failed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A record that holds its claims, and the lock that says a command is at work on it."""

    record: Record
    lock: Lock


@contextlib.contextmanager
def claim_record(context: Context, record: Record, *, port: int | None, replacing: Record | None) -> Iterator[Claimed]:
    """Create the record and hold its command lock. A failure inside is recorded: nothing stays half-made.

    `port` is the requested one. The deployment that is replaced is stopped and removed first. Raises
    Conflict when name, port or memory (`details["taken"]`) are taken.
    """
    paths, clock, deployments = context.settings.paths, context.clock, context.deployments
    with commanding.command(record.id, paths, clock=clock) as lock:
        with commanding.claims(paths, clock=clock), Store(paths, clock) as store:
            # Before anything is taken away. What only starts when it is asked for finds its memory then.
            later = record.spec.on_demand
            placed = _placed(context, record, store, port=port, replacing=replacing, needs_memory=not later)
            if replacing is None:
                created = store.create(placed)
            else:
                created = deployments.replace(replacing.id, placed, hardware=lambda: machine(context))
        with _written_down(context, created, preparation_failed):
            yield Claimed(record=created, lock=lock)


@contextlib.contextmanager
def claim_again(context: Context, deployment_id: str) -> Iterator[Claimed]:
    """The same for one that is over: its record claims its memory again. A live one is left unchanged.

    Leftovers of a killed supervisor are ended first, because they hold that memory.
    """
    paths, clock, deployments = context.settings.paths, context.clock, context.deployments
    with commanding.command(deployment_id, paths, clock=clock) as lock, Store(paths, clock) as store:
        seen = deployments.observe(commanding.current(store, deployment_id), commanding=True)
        if seen.status.current not in _OVER:
            yield Claimed(record=seen, lock=lock)
            return
        if any(orphan.deployment == seen.id for orphan in deployments.orphans()):
            deployments.stop(seen.id, hardware=lambda: machine(context), held=lock)
        with commanding.claims(paths, clock=clock):
            _placed(context, seen, store, port=None, replacing=None)
            if store.by_id(seen.id).status.current not in _OVER:
                store.write(seen)  # first what it had become unseen
            claimed = store.write(claimed_again(store.by_id(seen.id)))
        ended = preparation_failed if seen.status.current == "failed" else preparation_stopped
        with _written_down(context, seen, ended):
            yield Claimed(record=claimed, lock=lock)


def _placed(
    context: Context,
    record: Record,
    store: Store,
    *,
    port: int | None,
    replacing: Record | None,
    needs_memory: bool = True,
) -> Record:
    return context.deployments.place(
        record,
        store,
        port=port,
        first_port=context.settings.deploy.first_port,
        hardware=lambda: machine(context),
        replacing=replacing,
        needs_memory=needs_memory,
    )


@contextlib.contextmanager
def _written_down(context: Context, record: Record, ended: Callable[[Record, str], Record]) -> Iterator[None]:
    """What ends the preparation becomes the end of the record; once it was started, its supervisor writes."""
    try:
        yield
    except OutOfTime as over:
        raise _out_of_time(context, record, over.seconds) from None
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


def _out_of_time(context: Context, record: Record, seconds: float) -> TimedOut:
    """The record is stopped, and `start` goes on with what is there already."""
    with Store(context.settings.paths, context.clock) as store:
        status = store.by_id(record.id).status
    _write_end(context, record, preparation_stopped, f"not started within {seconds:g} s")
    return TimedOut(
        f"`{record.name}` did not become ready within {seconds:g} s: it was `{status.current}`",
        cause=[status.phase] if status.phase else [],
        hints=[f"go on where it stopped: modelscan start {record.name}", f"modelscan remove {record.name}"],
        details={"status": status.current, "phase": status.phase},
    )


def _write_end(context: Context, record: Record, ended: Callable[[Record, str], Record], message: str) -> None:
    with Store(context.settings.paths, context.clock) as store:
        now = store.by_id(record.id)
        if now.status.current in {"pending", "pulling"}:
            store.write(ended(now, message))
