"""Rows of jobs and their events. The last 200 jobs are kept, and the last 200 events of each."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Callable, Sequence
from typing import Any

from modelscan import dataclasses
from modelscan.errors import NotFound, StateDamaged
from modelscan.jobs.heard import Heard
from modelscan.jobs.job import Job, JobEvent
from modelscan.storage.documents import checked_document, to_document
from modelscan.storage.state import State
from modelscan.system.clock import rfc3339

JOBS_KEPT = 200
JOB_EVENTS_KEPT = 200
_LETTERS = string.ascii_lowercase + string.digits


def new_job_id() -> str:
    return "job-" + "".join(secrets.choice(_LETTERS) for _ in range(5))


class JobStore(State):
    """Jobs as last written; `now` checks them against their locks."""

    def create(self, job: Job) -> bool:
        """Write a new job with its first event; False where its id is taken."""
        with self._writing():
            if self._connection.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone() is not None:
                return False
            self._connection.execute("INSERT INTO jobs (id, status, document) VALUES (?, ?, ?)", _row(job))
            self._event(job, job.created_at, Heard(job.status))
        return True

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        with self._reading():
            return self._one(job_id)

    def list(self) -> Sequence[Job]:
        """Newest first."""
        with self._reading():
            rows = self._connection.execute("SELECT id, document FROM jobs ORDER BY number DESC").fetchall()
        return [self._read(row) for row in rows]

    def running(self) -> Sequence[Job]:
        """Those whose row says so."""
        with self._reading():
            rows = self._connection.execute("SELECT id, document FROM jobs WHERE status = 'running'").fetchall()
        return [self._read(row) for row in rows]

    def hear(self, job_id: str, heard: Heard) -> Job:
        """Keep what a running job's command told. Raises NotFound."""
        now = rfc3339(self._clock.now())
        with self._writing():
            job = dataclasses.replace(self._one(job_id), message=heard.message, fraction=heard.fraction)
            self._update(job)
            self._event(job, heard.at or now, heard)
        return job

    def end(self, job_id: str, ended: Callable[[Job], Job]) -> Job:
        """Write how a running job ended, with its time, and that as its last event; one that has ended stays as it is.

        Raises NotFound.
        """
        now = rfc3339(self._clock.now())
        with self._writing():
            job = self._one(job_id)
            if job.status != "running":
                return job
            job = dataclasses.replace(ended(job), ended_at=now)
            self._update(job)
            self._event(job, now, Heard(job.status, job.error["message"] if job.error else job.message, job.fraction))
        return job

    def forget_old(self) -> Sequence[str]:
        """Forget the oldest that have ended, beyond those that are kept; returns their ids."""
        with self._writing():
            rows = self._connection.execute(
                "DELETE FROM jobs WHERE status != 'running' AND number <= (SELECT number FROM jobs"
                " ORDER BY number DESC LIMIT 1 OFFSET ?) RETURNING id",
                (JOBS_KEPT,),
            ).fetchall()
        return [row["id"] for row in rows]

    def events(self, job_id: str | None = None, *, after: int = 0) -> Sequence[JobEvent]:
        """Oldest first; those with a number above `after`."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT job_events.*, json_extract(document, '$.kind') AS job_kind,"
                " json_extract(document, '$.subject') AS subject FROM job_events JOIN jobs ON jobs.id = job"
                " WHERE job_events.number > :after AND (:job IS NULL OR job = :job) ORDER BY job_events.number",
                {"after": after, "job": job_id},
            ).fetchall()
        return [JobEvent(**{**dict(row), "fields": json.loads(row["fields"])}) for row in rows]

    def last_event(self) -> int:
        """The number of the newest event of any job."""
        with self._reading():
            return int(self._connection.execute("SELECT coalesce(max(number), 0) FROM job_events").fetchone()[0])

    def _one(self, job_id: str) -> Job:
        row = self._connection.execute("SELECT id, document FROM jobs WHERE id = ?", (job_id,)).fetchone()
        if row is None:
            raise NotFound(f"there is no job `{job_id}`", details={"id": job_id})
        return self._read(row)

    def _read(self, row: Any) -> Job:
        try:
            return checked_document(Job, json.loads(row["document"]))
        except (ValueError, TypeError, KeyError) as error:
            raise StateDamaged(
                f"the job `{row['id']}` in `{self._path}` is damaged",
                cause=[str(error)],
                hints=[f"nothing was changed; move it away to start fresh: mv '{self._path}' '{self._path}.damaged'"],
                details={"path": str(self._path), "id": row["id"]},
            ) from error

    def _update(self, job: Job) -> None:
        job_id, *values = _row(job)
        self._connection.execute("UPDATE jobs SET status = ?, document = ? WHERE id = ?", (*values, job_id))

    def _event(self, job: Job, at: str, heard: Heard) -> None:
        self._connection.execute(
            "INSERT INTO job_events (job, at, kind, message, fraction, fields) VALUES (?, ?, ?, ?, ?, ?)",
            (job.id, at, heard.kind, heard.message, heard.fraction, json.dumps(heard.fields)),
        )
        self._connection.execute(
            "DELETE FROM job_events WHERE job = ? AND number <= (SELECT number FROM job_events WHERE job = ?"
            " ORDER BY number DESC LIMIT 1 OFFSET ?)",
            (job.id, job.id, JOB_EVENTS_KEPT),
        )


def _row(job: Job) -> tuple[str, str, str]:
    return (job.id, job.status, json.dumps(to_document(job), ensure_ascii=False))
