"""Starting a deployment on this machine: its supervisor, which starts the rest."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelscan.deployments.again import again
from modelscan.deployments.document import deployment_of
from modelscan.deployments.files import DeploymentFiles, files_of
from modelscan.deployments.record import LastError, Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.ending import failed
from modelscan.deployments.transitions.starting import starting
from modelscan.errors import BackendFailed, InterruptedBefore
from modelscan.storage.locks import Lock, is_held
from modelscan.storage.logs.log_file import LOG_NAME
from modelscan.storage.ownership import live_supervisor
from modelscan.system.clock import Clock, rfc3339
from modelscan.system.processes.ports import is_free, require_free
from modelscan.system.processes.run import has_ended, spawn_detached
from modelscan.targets.local.environment import supervisor_environment
from modelscan.targets.local.moving import may_move, move
from modelscan.targets.local.observe import observe
from modelscan.targets.local.sleep import wake
from modelscan.targets.local.stop import AFTER_GRACE_SECONDS, end_left_over, end_processes, stuck
from modelscan.targets.site import Site

# -E, -s, -S: no PYTHON* variables, no user site, no site at all: it needs nothing installed, and starts lighter.
SUPERVISOR = (sys.executable, "-E", "-s", "-S", "-m", "modelscan.targets.local.supervisor")

_POLL_SECONDS = 0.02
_START_SECONDS = 20.0


def start(
    record: Record,
    store: Store,
    site: Site,
    *,
    weights_environment: Mapping[str, str],
    supervisor: Sequence[str] = SUPERVISOR,
) -> Record:
    """Start the pinned plan under a new supervisor and return once the supervisor runs.

    A deployment that already runs is returned unchanged, one that sleeps is woken. Leftovers of an earlier supervisor
    are ended first.

    Raises Conflict (port in use), ConfigInvalid (the variable of the key is not set), InterruptedBefore (it has no
    command line yet), BackendFailed (the supervisor did not start). Ctrl-C ends what was begun.
    """
    if (woken := wake(record, store, site)) is not None:
        return woken
    files, clock = files_of(site.paths, record.id), site.clock
    if not record.pinned.argv:
        raise InterruptedBefore(
            f"`{record.name}` was never fully prepared",
            hints=[f"modelscan remove {record.name}", again(deployment_of(record))],
            details={"id": record.id},
        )
    own = _own_lock(files, record, store, clock)
    if own is None:
        return observe(store.by_id(record.id), paths=site.paths, clock=clock)
    with own:
        if record.status.started_at is not None:  # what never ran left nothing over
            end_left_over(record, site)
        record = _with_free_port(record, store, site)
        env = supervisor_environment(record, site.environ, weights_environment)
        record = store.write(starting(record, rfc3339(clock.now()), log_path=str(files.folder / LOG_NAME)))
        files.supervisor_log.unlink(missing_ok=True)
    argv = (*supervisor, *_arguments(record, site))
    pid = spawn_detached(argv, env=env, output=files.supervisor_log, cwd=_import_root())
    try:
        _until_supervised(pid, files, record, store, clock)
    except KeyboardInterrupt:
        end_processes(record, store, site)
        raise
    return observe(store.by_id(record.id), paths=site.paths, clock=clock)


def _arguments(record: Record, site: Site) -> tuple[str, ...]:
    published = site.published.options() if site.published else ()
    return ("--state", str(site.paths.state), "--id", record.id, "--pace", site.pace.written(), *published)


def _with_free_port(record: Record, store: Store, site: Site) -> Record:
    port = record.pinned.port
    if port is None or is_free(port):
        return record
    if not may_move(store, record):
        moved = again(deployment_of(record), "--port {port}", replace=True)
        require_free(port, [item.pinned.port for item in store.list() if item.pinned.port], option=moved)
    return move(store, record, site.paths, site.clock)


def _own_lock(files: DeploymentFiles, record: Record, store: Store, clock: Clock) -> Lock | None:
    """The supervisor's lock, taken by us while nobody supervises; None when a live supervisor keeps it.

    A supervisor that is exiting is waited for.
    """
    lock = Lock(files.lock)
    deadline = clock.monotonic() + record.spec.stop_grace_seconds + AFTER_GRACE_SECONDS
    while not lock.try_acquire(f"process {os.getpid()}"):
        status = store.by_id(record.id).status.current
        if status in {"starting", "ready", "unhealthy"} and live_supervisor(files.lock, record.id) is not None:
            return None
        if clock.monotonic() >= deadline:
            raise stuck(record)
        clock.sleep(_POLL_SECONDS)
    return lock


def _until_supervised(pid: int, files: DeploymentFiles, record: Record, store: Store, clock: Clock) -> None:
    deadline = clock.monotonic() + _START_SECONDS
    while live_supervisor(files.lock, record.id) is None:
        over = has_ended(pid)
        if over and store.by_id(record.id).status.current != "starting":
            return  # it came, did its work and is gone: the record says how that went
        if (over and not is_held(files.lock)) or clock.monotonic() >= deadline:
            message = _last_line(files.supervisor_log)
            error = LastError(cause=f"its supervisor did not start: {message}")
            store.write(failed(store.by_id(record.id), rfc3339(clock.now()), error))
            raise BackendFailed(
                f"the supervisor of `{record.name}` did not start",
                cause=[message],
                hints=[f"modelscan start {record.name}"],
                details={"log_path": str(files.supervisor_log)},
            )
        clock.sleep(_POLL_SECONDS)


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").split("\n")
    except OSError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it logged nothing")


def _import_root() -> Path:
    """The folder from which `python -m modelscan…` finds this very program, installed or in a checkout."""
    return Path(__file__).resolve().parents[3]
