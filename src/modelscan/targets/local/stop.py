"""Stopping a deployment on this machine: with its supervisor, or on what a killed one left over."""

from __future__ import annotations

import os
import shutil
import signal

from modelscan.deployments.files import DeploymentFiles, files_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.ending import remarked, stopped
from modelscan.errors import BackendFailed, Conflict
from modelscan.storage.locks import Lock
from modelscan.storage.ownership import live_supervisor
from modelscan.system.clock import Clock, rfc3339
from modelscan.system.processes.identity import Process, boot_id, program_name, send
from modelscan.targets.local.orphans import sweep
from modelscan.targets.local.release import memory_is_back, until
from modelscan.targets.local.sleep import put_to_sleep
from modelscan.targets.site import Site
from modelscan.targets.target import ReadMachine

_POLL_SECONDS = 0.02
_KILLED_SECONDS = 5.0
AFTER_GRACE_SECONDS = 25.0  # the two further steps of ending a tree, and writing it down


def stop(record: Record, store: Store, site: Site, *, hardware: ReadMachine | None, rests: bool = False) -> Record:
    """End the backend and everything it started, and return when nothing of it is left and its memory is back. One that
    `rests` is put to sleep instead, if it can be.

    Works with a live supervisor, on the leftovers of a killed one, and on a record with nothing running. Waits for the
    memory for at most `deploy.release_timeout`; when that is too short, the record's message says so.
    Raises BackendFailed when a process is blocked in the kernel and cannot be killed.
    """
    if rests and (asleep := put_to_sleep(record, store, site)) is not None:
        return asleep
    is_back = memory_is_back(record, hardware) if hardware is not None else None
    ended = end_processes(record, store, site)
    if is_back is None or until(is_back, site):
        return ended
    message = f"its GPU memory was not released within {site.pace.release_timeout:g} s"
    return store.write(remarked(ended, message))


def forget(record: Record, site: Site) -> None:
    """Delete its logs and locks."""
    shutil.rmtree(files_of(site.paths, record.id).folder, ignore_errors=True)


def end_processes(record: Record, store: Store, site: Site) -> Record:
    """As `stop`, without waiting for the memory."""
    with _lock_without_supervisor(files_of(site.paths, record.id), record, site.clock):
        end_left_over(record, site)
        record = store.by_id(record.id)
        if record.status.current == "stopped" and not record.is_asleep:
            return record
        return store.write(stopped(record, rfc3339(site.clock.now())))


def _lock_without_supervisor(files: DeploymentFiles, record: Record, clock: Clock) -> Lock:
    """Ask the supervisor to exit, wait for it, kill it when it does not; then take its lock.

    While we hold it, a supervisor that is just starting finds `stopped` and exits.
    """
    lock = Lock(files.lock)
    asked: Process | None = None
    killed = False
    deadline = clock.monotonic() + record.spec.stop_grace_seconds + AFTER_GRACE_SECONDS
    while not lock.try_acquire(f"process {os.getpid()}"):
        supervisor = live_supervisor(files.lock, record.id)
        if supervisor is not None and supervisor != asked:
            send(supervisor, signal.SIGTERM)
            asked = supervisor
        if clock.monotonic() >= deadline:
            if supervisor is None or killed:
                raise stuck(record)
            send(supervisor, signal.SIGKILL)
            killed, deadline = True, clock.monotonic() + _KILLED_SECONDS
        clock.sleep(_POLL_SECONDS)
    return lock


def stuck(record: Record) -> Conflict:
    return Conflict(
        f"the supervisor of `{record.name}` did not exit",
        cause=["its lock is still held"],
        hints=[f"modelscan logs {record.name}", "modelscan doctor"],
        details={"id": record.id},
    )


def end_left_over(record: Record, site: Site) -> None:
    """End what carries the tag of this deployment. Call it with the supervisor's lock held."""
    files = files_of(site.paths, record.id)
    for path in files.key_files:
        path.unlink(missing_ok=True)
    leader = None
    owner = record.owner
    if owner.pid is not None and owner.pid_start_time is not None and owner.boot_id == boot_id():
        leader = Process(owner.pid, owner.pid_start_time)
    grace, linger = record.spec.stop_grace_seconds, site.pace.linger
    ended = sweep(files, record.id, leader=leader, grace=grace, linger=linger, clock=site.clock)
    if ended.survivors:
        raise BackendFailed(
            f"{len(ended.survivors)} processes of `{record.name}` could not be killed",
            cause=[f"process {process.pid} ({program_name(process.pid)})" for process in ended.survivors],
            hints=["they are blocked in the kernel, usually in a driver call: check dmesg, then try again"],
            details={"pids": [process.pid for process in ended.survivors]},
        )
