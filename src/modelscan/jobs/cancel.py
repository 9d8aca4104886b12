"""End a job: its command gets what Ctrl-C would be, and undoes what is half-made."""

from __future__ import annotations

import signal

from modelscan.jobs.files import job_files
from modelscan.jobs.job import Job
from modelscan.jobs.now import job_now
from modelscan.jobs.site import JobSite
from modelscan.storage.locks import is_held
from modelscan.storage.ownership import live_supervisor
from modelscan.system.processes.identity import send

_POLL_SECONDS = 0.05


def cancel_job(site: JobSite, job_id: str, *, timeout: float = 10.0) -> Job:
    """Ask its command to end, and return once it has, or after `timeout` seconds as it is then.

    One that has ended stays as it is. Raises NotFound.
    """
    lock, asked = job_files(site.settings.paths, job_id).lock, False
    job = job_now(site, job_id)
    deadline = site.clock.monotonic() + timeout
    while job.status == "running" and site.clock.monotonic() < deadline:
        runner = None if asked else live_supervisor(lock, job_id)  # its first moments have none
        asked = asked or (runner is not None and send(runner, signal.SIGTERM))
        site.clock.sleep(_POLL_SECONDS)
        if not is_held(lock):
            break
    return job_now(site, job_id)
