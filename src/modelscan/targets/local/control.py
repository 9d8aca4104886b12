"""What commands do to a deployment: start, stop, remove. One command at a time works on one deployment."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from modelscan.deployments.commanding import commanding, current
from modelscan.deployments.places import Places, places
from modelscan.deployments.record import LastError, Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.ending import failed, remarked, removed, stopped
from modelscan.deployments.transitions.starting import starting
from modelscan.errors import BackendFailed, Conflict, InterruptedBefore
from modelscan.settings.reading import Settings
from modelscan.storage.locks import Lock, is_held
from modelscan.system.clock import Clock, rfc3339
from modelscan.system.processes.identity import Process, boot_id, find, program_name, send
from modelscan.system.processes.ports import is_free, require_free
from modelscan.system.processes.run import spawn_detached
from modelscan.targets.local.environment import supervisor_environment
from modelscan.targets.local.logs.log_file import LOG_NAME
from modelscan.targets.local.moving import may_move, move
from modelscan.targets.local.observe import observe
from modelscan.targets.local.orphans import sweep
from modelscan.targets.local.owner import live_supervisor
from modelscan.targets.local.pace import pace_of

# -E, -s, -S: no PYTHON* variables, no user site, no site at all: it needs nothing installed, and starts lighter.
SUPERVISOR = (sys.executable, "-E", "-s", "-S", "-m", "modelscan.targets.local.supervisor")

_POLL_SECONDS = 0.02
_WATCH_SECONDS = 0.2
_START_SECONDS = 20.0
_KILLED_SECONDS = 5.0
_AFTER_GRACE_SECONDS = 25.0  # the two further steps of ending a tree, and writing it down


def start(
    deployment_id: str,
    *,
    settings: Settings,
    clock: Clock,
    held: Lock | None = None,
    place_environment: Mapping[str, str] = MappingProxyType({}),
    supervisor: Sequence[str] = SUPERVISOR,
) -> Record:
    """Start the pinned plan under a new supervisor and return once that runs; `waiting.wait` follows it to ready.

    `held`: the lock from `command`, when the caller has it. `place_environment`: what the backend must be told of where
    its weights lie, never kept. One that runs already is returned as it is. What an
    earlier supervisor left over is ended first. Raises Conflict (port taken, removed meanwhile), ConfigInvalid (the
    variable of the key is not set), InterruptedBefore (it has no command line yet), BackendFailed (the supervisor
    did not start). Ctrl-C ends what was begun.
    """
    place = places(settings.paths, deployment_id)
    with commanding(deployment_id, held, settings, clock), Store(settings.paths, clock) as store:
        record = current(store, deployment_id)
        if not record.pinned.argv:
            raise InterruptedBefore(
                f"`{record.name}` was never prepared to the end",
                hints=[f"modelscan remove {record.name}", f"modelscan deploy {record.spec.model} --name {record.name}"],
                details={"id": record.id},
            )
        own = _own_lock(place, record, store, clock)
        if own is None:
            return observe(store.by_id(record.id), paths=settings.paths, clock=clock)
        with own:
            if record.status.started_at is not None:  # what never ran left nothing over
                _end_left_over(record, settings, clock)
            if record.pinned.port is not None and not is_free(record.pinned.port):
                if not may_move(store, record):
                    require_free(record.pinned.port)
                record = move(store, record, settings.paths, clock)
            env = supervisor_environment(record, settings.environ, place_environment)
            record = store.write(starting(record, rfc3339(clock.now()), log_path=str(place.folder / LOG_NAME)))
            place.supervisor_log.unlink(missing_ok=True)
        argv = (*supervisor, "--state", str(settings.paths.state), "--id", record.id)
        argv = (*argv, "--pace", pace_of(settings).written(), "--routes", str(settings.routing_path.absolute()))
        pid = spawn_detached(argv, env=env, output=place.supervisor_log, cwd=_import_root())
        try:
            _until_supervised(pid, place, record, store, clock)
        except KeyboardInterrupt:
            _stop(record, store, settings, clock)
            raise
        return observe(store.by_id(record.id), paths=settings.paths, clock=clock)


def stop(
    deployment_id: str,
    *,
    settings: Settings,
    clock: Clock,
    held: Lock | None = None,
    memory_is_back: Callable[[], bool] | None = None,
) -> Record:
    """End the backend and everything it started, and return when nothing of it is left.

    Works with a living supervisor, on what a killed one left over, and on a record that has nothing running.
    `memory_is_back` is asked until it says so before this returns, at most for the time of `deploy.release_timeout`;
    the record's message says so when that was too short. Raises BackendFailed when the kernel holds a process that
    cannot be ended.
    """
    with commanding(deployment_id, held, settings, clock), Store(settings.paths, clock) as store:
        record = _stop(current(store, deployment_id), store, settings, clock)
        return _released(record, store, memory_is_back, settings, clock)


def remove(
    deployment_id: str,
    *,
    settings: Settings,
    clock: Clock,
    held: Lock | None = None,
    memory_is_back: Callable[[], bool] | None = None,
) -> Record:
    """Stop, then mark as removed: name and port are free again, the logs are gone. Raises as `stop` does."""
    import shutil

    with commanding(deployment_id, held, settings, clock), Store(settings.paths, clock) as store:
        record = _stop(current(store, deployment_id), store, settings, clock)
        record = _released(record, store, memory_is_back, settings, clock)
        record = store.write(removed(record, rfc3339(clock.now())))
        shutil.rmtree(places(settings.paths, record.id).folder, ignore_errors=True)
        return record


def _own_lock(place: Places, record: Record, store: Store, clock: Clock) -> Lock | None:
    """The supervisor's lock, taken by us while nobody supervises; None when a supervisor has it and goes on.

    One that is on its way out is waited for.
    """
    lock = Lock(place.lock)
    deadline = clock.monotonic() + record.spec.stop_grace_seconds + _AFTER_GRACE_SECONDS
    while not lock.try_acquire(f"process {os.getpid()}"):
        status = store.by_id(record.id).status.current
        if status in {"starting", "ready", "unhealthy"} and live_supervisor(place.lock, record.id) is not None:
            return None
        if clock.monotonic() >= deadline:
            raise _stuck(record)
        clock.sleep(_POLL_SECONDS)
    return lock


def _stop(record: Record, store: Store, settings: Settings, clock: Clock) -> Record:
    place = places(settings.paths, record.id)
    with _lock_without_supervisor(place, record, clock):
        _end_left_over(record, settings, clock)
        record = store.by_id(record.id)
        return record if record.status.current == "stopped" else store.write(stopped(record, rfc3339(clock.now())))


def _released(
    record: Record, store: Store, memory_is_back: Callable[[], bool] | None, settings: Settings, clock: Clock
) -> Record:
    """Wait until the memory is back. The driver takes a moment longer than the processes."""
    deadline = clock.monotonic() + settings.deploy.release_timeout
    while memory_is_back is not None and not memory_is_back():
        if clock.monotonic() >= deadline:
            said = f"the memory of its GPU is not back after {settings.deploy.release_timeout:g} s"
            return store.write(remarked(record, said))
        clock.sleep(_WATCH_SECONDS)
    return record


def _lock_without_supervisor(place: Places, record: Record, clock: Clock) -> Lock:
    """Ask the supervisor to end, wait until it has, kill it when it does not; then its lock is ours.

    While we have it, one that is only just starting finds `stopped` and leaves.
    """
    lock = Lock(place.lock)
    asked: Process | None = None
    killed = False
    deadline = clock.monotonic() + record.spec.stop_grace_seconds + _AFTER_GRACE_SECONDS
    while not lock.try_acquire(f"process {os.getpid()}"):
        supervisor = live_supervisor(place.lock, record.id)
        if supervisor is not None and supervisor != asked:
            send(supervisor, signal.SIGTERM)
            asked = supervisor
        if clock.monotonic() >= deadline:
            if supervisor is None or killed:
                raise _stuck(record)
            send(supervisor, signal.SIGKILL)
            killed, deadline = True, clock.monotonic() + _KILLED_SECONDS
        clock.sleep(_POLL_SECONDS)
    return lock


def _stuck(record: Record) -> Conflict:
    return Conflict(
        f"the supervisor of `{record.name}` does not end",
        cause=["its lock is still held"],
        hints=[f"modelscan logs {record.name}", "modelscan doctor"],
        details={"id": record.id},
    )


def _end_left_over(record: Record, settings: Settings, clock: Clock) -> None:
    """End what carries the tag of this deployment. Call it with the supervisor's lock held."""
    for path in places(settings.paths, record.id).key_files:
        path.unlink(missing_ok=True)
    leader = None
    owner = record.owner
    if owner.pid is not None and owner.pid_start_time is not None and owner.boot_id == boot_id():
        leader = Process(owner.pid, owner.pid_start_time)
    linger = settings.deploy.stop_linger
    ended = sweep(record.id, leader=leader, grace=record.spec.stop_grace_seconds, linger=linger, clock=clock)
    if ended.survivors:
        raise BackendFailed(
            f"{len(ended.survivors)} processes of `{record.name}` cannot be ended",
            cause=[f"process {process.pid} ({program_name(process.pid)})" for process in ended.survivors],
            hints=["the kernel holds them, mostly in a driver call: look at dmesg, then try again"],
            details={"pids": [process.pid for process in ended.survivors]},
        )


def _until_supervised(pid: int, place: Places, record: Record, store: Store, clock: Clock) -> None:
    deadline = clock.monotonic() + _START_SECONDS
    while live_supervisor(place.lock, record.id) is None:
        over = _has_ended(pid)
        if over and store.by_id(record.id).status.current != "starting":
            return  # it came, did its work and is gone: the record says how that went
        if (over and not is_held(place.lock)) or clock.monotonic() >= deadline:
            said = _last_words(place.supervisor_log)
            error = LastError(cause=f"its supervisor did not start: {said}")
            store.write(failed(store.by_id(record.id), rfc3339(clock.now()), error))
            raise BackendFailed(
                f"the supervisor of `{record.name}` did not start",
                cause=[said],
                hints=[f"modelscan start {record.name}"],
                details={"log_path": str(place.supervisor_log)},
            )
        clock.sleep(_POLL_SECONDS)


def _has_ended(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return find(pid) is None


def _last_words(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it left no message")


def _import_root() -> Path:
    """The folder from which `python -m modelscan…` finds this very program, installed or in a checkout."""
    return Path(__file__).resolve().parents[3]
