"""Begin a job: its row, and the runner that outlives us."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from modelscan.errors import ModelscanError
from modelscan.jobs.files import job_files
from modelscan.jobs.job import Job, JobKind
from modelscan.jobs.site import JobSite
from modelscan.jobs.store import JobStore, new_job_id
from modelscan.storage.locks import Lock
from modelscan.system.clock import rfc3339
from modelscan.system.processes.identity import SUPERVISOR_TAG
from modelscan.system.processes.run import has_ended, spawn_detached

# -E, -s, -S: no PYTHON* variables, no user site, no site at all: the runner needs nothing installed.
_RUNNER = (sys.executable, "-E", "-s", "-S", "-m", "modelscan.jobs.run")
_NAMED_FOLDERS = ("MODELSCAN_HOME", "MODELSCAN_CONFIG", "MODELSCAN_ROUTING_FILE")
_runners: set[int] = set()  # those of this process that are not collected yet


class StartsJobs(Protocol):
    """`start_job`, or what a test puts in its place."""

    def __call__(
        self,
        site: JobSite,
        *,
        kind: JobKind,
        subject: str,
        argv: Sequence[str],
        secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> Job: ...


def start_job(
    site: JobSite,
    *,
    kind: JobKind,
    subject: str,
    argv: Sequence[str],
    secrets: Mapping[str, str] = MappingProxyType({}),
) -> Job:
    """Begin to run `modelscan ARGV`, and return at once.

    `secrets` are variables of the command's environment, and stand nowhere else. Raises StorageFailed.
    """
    _collect()
    paths = site.settings.paths
    with JobStore(paths, site.clock) as store:
        for gone in store.forget_old():
            shutil.rmtree(job_files(paths, gone).folder, ignore_errors=True)
        while True:
            job = _new(site, kind, subject, argv)
            files = job_files(paths, job.id)
            with Lock(files.lock) as lock:
                if lock.try_acquire() and store.create(job):
                    _runners.add(_spawn(site, job, lock, secrets))
                    return job


def _new(site: JobSite, kind: JobKind, subject: str, argv: Sequence[str]) -> Job:
    return Job(
        id=new_job_id(),
        kind=kind,
        subject=subject,
        argv=tuple(argv),
        created_at=rfc3339(site.clock.now()),
    )


def _spawn(site: JobSite, job: Job, lock: Lock, secrets: Mapping[str, str]) -> int:
    """The runner inherits the lock, so that no moment has the job running and its lock free. Returns its pid."""
    settings, files = site.settings, job_files(site.settings.paths, job.id)
    environ = {**settings.environ, **secrets, SUPERVISOR_TAG: job.id}
    for name in _NAMED_FOLDERS:
        if environ.get(name):
            environ[name] = str(Path(environ[name]).expanduser().absolute())
    options = [] if settings.named_file is None else ["--config", str(settings.named_file.absolute())]
    options += ["--offline"] if settings.offline else []
    words = (str(settings.paths.state), job.id, str(lock.descriptor), *options)
    try:
        return spawn_detached(
            (*_RUNNER, *words), env=environ, output=files.log, cwd=_import_root(), pass_fds=(lock.descriptor,)
        )
    except OSError as error:
        raise ModelscanError("no process can be started", cause=[error.strerror or str(error)]) from error


def _collect() -> None:
    """A server that begins many jobs is not to keep those that have ended in the table of processes."""
    _runners.difference_update({pid for pid in tuple(_runners) if has_ended(pid)})


def _import_root() -> Path:
    """The folder from which `python -m modelscan…` finds this very program, installed or in a checkout."""
    return Path(__file__).resolve().parents[2]
