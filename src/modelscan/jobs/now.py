"""Jobs as they are now: one whose row says that it runs, and whose lock is free, was interrupted."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan import dataclasses
from modelscan.jobs.files import job_files
from modelscan.jobs.job import Job, JobEvent
from modelscan.jobs.site import JobSite
from modelscan.jobs.store import JobStore
from modelscan.storage.locks import is_held


def job_now(site: JobSite, job_id: str) -> Job:
    """Raises NotFound."""
    with JobStore.for_reading(site.settings.paths, site.clock) as store:
        found = store.get(job_id)
    return _checked(site, found)


def jobs_now(site: JobSite) -> Sequence[Job]:
    """Newest first."""
    with JobStore.for_reading(site.settings.paths, site.clock) as store:
        found = store.list()
    return [_checked(site, job) for job in found]


def job_events(site: JobSite, job_id: str | None = None, *, after: int = 0) -> Sequence[JobEvent]:
    """Oldest first, of one job or of all; those with a number above `after`. Raises NotFound."""
    with JobStore.for_reading(site.settings.paths, site.clock) as store:
        if job_id is not None:
            store.get(job_id)
        return store.events(job_id, after=after)


def last_job_event(site: JobSite) -> int:
    """The number of the newest event of any job."""
    with JobStore.for_reading(site.settings.paths, site.clock) as store:
        return store.last_event()


def settle_jobs(site: JobSite) -> None:
    """Have those that were interrupted say so, for whoever reads only their events."""
    with JobStore.for_reading(site.settings.paths, site.clock) as store:
        running = store.running()
    for job in running:
        _checked(site, job)


def _checked(site: JobSite, job: Job) -> Job:
    paths = site.settings.paths
    if job.status != "running" or is_held(job_files(paths, job.id).lock):
        return job
    with JobStore(paths, site.clock) as store:  # its runner may have written how it ended, just now
        return store.end(job.id, _interrupted)


def _interrupted(job: Job) -> Job:
    error = {
        "code": "interrupted",
        "message": "its runner was killed, and the command with it",
        "hints": [f"modelscan {' '.join(job.argv)}"],
        "details": {},
    }
    return dataclasses.replace(job, status="failed", error=error)
