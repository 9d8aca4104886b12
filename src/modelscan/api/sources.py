"""What the feed tells: events of deployments, and of jobs."""

from __future__ import annotations

from collections.abc import Sequence

from modelscan.api.feed import Numbered
from modelscan.jobs.now import job_events, last_job_event, settle_jobs
from modelscan.selecting.context import Context
from modelscan.verbs.manage.events import events_after, last_event


class DeploymentEvents:
    kind = "deployment"

    def __init__(self, context: Context) -> None:
        self._context = context

    def last(self) -> int:
        return last_event(self._context)

    def after(self, number: int) -> Sequence[Numbered]:
        return [Numbered(event.number, event) for event in events_after(self._context, number)]


class JobEvents:
    """Among them that a job was interrupted, which nobody else notices."""

    kind = "job"

    def __init__(self, context: Context) -> None:
        self._context = context

    def last(self) -> int:
        return last_job_event(self._context)

    def after(self, number: int) -> Sequence[Numbered]:
        settle_jobs(self._context)
        return [Numbered(event.number, event) for event in job_events(self._context, after=number)]
