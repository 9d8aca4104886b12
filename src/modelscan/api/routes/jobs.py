"""Long work: what runs and how far it is, what was told of it, and ending it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from modelscan.api.asked import Verbs
from modelscan.api.bodies.words import JobPath, Limit
from modelscan.api.documents import DocumentAnswer, documented
from modelscan.api.openapi import fails
from modelscan.jobs.cancel import cancel_job
from modelscan.jobs.job import JobKind, JobStatus
from modelscan.jobs.now import job_events, job_now, jobs_now

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get("", responses=documented("job", listed=True, about="Jobs, newest first"))
def list_jobs(
    context: Verbs, status: JobStatus | None = None, kind: JobKind | None = None, limit: Limit = 50
) -> DocumentAnswer:
    found = [job for job in jobs_now(context) if status in {None, job.status} and kind in {None, job.kind}]
    return DocumentAnswer(found[:limit])


@router.get("/{job_id}", responses={**documented("job"), **fails(404)})
def get_job(context: Verbs, job_id: JobPath) -> DocumentAnswer:
    return DocumentAnswer(job_now(context, job_id))


@router.get(
    "/{job_id}/events",
    responses={**documented("job-event", listed=True, about="What it told, oldest first"), **fails(404)},
)
def list_job_events(
    context: Verbs,
    job_id: JobPath,
    after: Annotated[int, Query(ge=0, le=2**53, description="Only events with a number above this one")] = 0,
) -> DocumentAnswer:
    return DocumentAnswer(job_events(context, job_id, after=after))


@router.delete(
    "/{job_id}",
    name="cancel_job",
    responses={**documented("job", about="The job, which ends or has ended"), **fails(404)},
)
def cancel(context: Verbs, job_id: JobPath) -> DocumentAnswer:
    """Its command ends as it does on Ctrl-C, and undoes what is half-made; one that has ended stays as it is."""
    return DocumentAnswer(cancel_job(context, job_id))
