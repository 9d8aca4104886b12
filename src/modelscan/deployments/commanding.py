"""One command at a time works on a deployment, and one at a time allocates memory."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from modelscan.deployments.files import CLAIMS_LOCK, files_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.errors import Conflict
from modelscan.storage.locks import Lock, hold
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock

_COMMAND_SECONDS = 120.0  # a stop with a long grace may be in front of us


@contextlib.contextmanager
def claims(paths: Paths, *, clock: Clock) -> Iterator[None]:
    """Hold while name, port and GPU memory are chosen and until the record that claims them is created."""
    with hold(paths.locks_folder / CLAIMS_LOCK, note=f"process {os.getpid()}", timeout=60, clock=clock):
        yield


@contextlib.contextmanager
def command(deployment_id: str, paths: Paths, *, clock: Clock) -> Iterator[Lock]:
    """Hold while working on a record; take it before the record is created, so that nobody calls it interrupted.

    Raises Conflict when another command keeps it.
    """
    files = files_of(paths, deployment_id)
    note = f"process {os.getpid()}"
    with hold(files.command_lock, note=note, timeout=_COMMAND_SECONDS, clock=clock) as lock:
        yield lock


@contextlib.contextmanager
def commanding(deployment_id: str, held: Lock | None, paths: Paths, *, clock: Clock) -> Iterator[None]:
    """The same, unless the caller already holds the lock."""
    if held is not None:
        yield
        return
    with command(deployment_id, paths, clock=clock):
        yield


def current(store: Store, deployment_id: str) -> Record:
    """The record as it is now. Raises Conflict for one that was removed in the meantime."""
    record = store.by_id(deployment_id)
    if record.status.removed_at is not None:
        raise Conflict(
            f"`{record.name}` was removed in the meantime", hints=["modelscan list"], details={"id": record.id}
        )
    return record
