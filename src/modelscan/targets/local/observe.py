"""A deployment as it is now: its record, checked against lock, boot and processes."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime

from modelscan.deployments.files import DeploymentFiles, files_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.observing import Found, conclude
from modelscan.errors import StorageFailed
from modelscan.storage.locks import Lock, is_held
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock, rfc3339
from modelscan.system.processes.identity import boot_id, tagged_as


def observe(record: Record, *, paths: Paths, clock: Clock, commanding: bool = False) -> Record:
    """The record with the status that the machine confirms. Changes no record; costs a search of /proc only where a
    supervisor is missing, and then takes away a key that it may have left. `commanding`: the caller itself holds the
    command lock, so nobody else is at work.

    A supervisor writes how it ended and then lets its lock go, maybe between the reading of the record and the look
    at the lock. So nobody is called killed by a record that has changed since: it is read again, and looked at again.
    """
    while record.status.removed_at is None and record.is_live:
        found = _found(record, paths, clock, commanding=commanding)
        if found.supervised or found.commanded:
            return conclude(record, found)
        with Store.for_reading(paths, clock) as store:
            latest = store.by_id(record.id)
        if latest == record:
            return conclude(record, found)
        record = latest
    return record


def _found(record: Record, paths: Paths, clock: Clock, *, commanding: bool) -> Found:
    files = files_of(paths, record.id)
    # In this order: a command that starts one holds its lock until the supervisor holds its own.
    commanded = not commanding and is_held(files.command_lock)
    supervised = is_held(files.lock)
    probed = _last_probe(files, record) if supervised else None
    same_boot = None if record.owner.boot_id is None else record.owner.boot_id == boot_id()
    alone = not supervised and not commanded and same_boot is True
    if not supervised and not commanded and files.key_files:
        _forget_keys(files)
    return Found(
        supervised=supervised,
        commanded=commanded,
        same_boot=same_boot,
        left_over=len(tagged_as(record.id)) if alone else 0,
        last_probe_at=rfc3339(probed) if probed else None,
        probe_age_seconds=(clock.now() - probed).total_seconds() if probed else None,
    )


def _forget_keys(files: DeploymentFiles) -> None:
    """Under the command lock, without which nobody starts a supervisor that would write one now."""
    with contextlib.suppress(OSError, StorageFailed), Lock(files.command_lock) as lock:
        if lock.try_acquire(f"process {os.getpid()}") and not is_held(files.lock):
            for path in files.key_files:
                path.unlink(missing_ok=True)


def _last_probe(files: DeploymentFiles, record: Record) -> datetime | None:
    """The supervisor touches its lock at each probe."""
    if record.status.ready_at is None:
        return None
    try:
        return datetime.fromtimestamp(files.lock.stat().st_mtime, UTC)
    except OSError:
        return None
