"""What jobs, deployments and the gateway's table say of models now, each asked once and when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from modelscan.dataclasses import replace
from modelscan.jobs.job import Job, JobKind
from modelscan.jobs.now import jobs_now
from modelscan.model import Deployment
from modelscan.playground.again import when_again
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.settling import NO_COMMAND, SeenCommand, SeenInference
from modelscan.routing.gateway_files import gateway_files, read_upstreams
from modelscan.running.gateway.process import running_gateway
from modelscan.selecting.context import Context

_NOTHING = SeenInference()


class Sight:
    def __init__(self, context: Context) -> None:
        self._context = context

    def pull(self, model: PlaygroundModel) -> SeenCommand:
        """Of one whose pull has not ended by its row."""
        if model.access_mode != "local" or model.phase != "Pending":
            return NO_COMMAND
        jobs = self._jobs.get(("pull", model.id), ())
        seen = _seen(jobs)
        if seen.status != "failed" or self._context.settings.offline:
            return seen
        failures = sum(job.status == "failed" and job.exit_status is not None for job in jobs)
        return replace(seen, again_at=when_again(jobs[0].error or {}, jobs[0].ended_at or "", failures))

    def inference(self, model: PlaygroundModel) -> SeenInference:
        if not model.inference:
            return _NOTHING
        if model.access_mode == "remote_api":
            return SeenInference(published=model.id in self._published, answers=self._gateway_runs)
        deployment = self._deployments.get(model.inference)
        return SeenInference(
            command=_seen(self._jobs.get(("deploy", model.inference), ())),
            deployment=deployment.status if deployment is not None else None,
            removed=deployment is None and model.inference in self._removed,
            cause=(deployment.last_error or deployment.message or "") if deployment is not None else "",
        )

    @cached_property
    def _jobs(self) -> Mapping[tuple[JobKind, str], Sequence[Job]]:
        """By what they do to whom, newest first."""
        found: dict[tuple[JobKind, str], list[Job]] = {}
        for job in jobs_now(self._context):
            found.setdefault((job.kind, job.subject), []).append(job)
        return found

    @cached_property
    def _deployments(self) -> Mapping[str, Deployment]:
        return {item.name: item for item in self._context.deployments.list()}

    @cached_property
    def _removed(self) -> frozenset[str]:
        recorded = self._context.deployments.recorded(removed=True)
        return frozenset(item.name for item in recorded if item.removed_at is not None)

    @cached_property
    def _published(self) -> frozenset[str]:
        return frozenset(item.name for item in read_upstreams(gateway_files(self._context.settings.paths)))

    @cached_property
    def _gateway_runs(self) -> bool:
        return running_gateway(self._context) is not None


def _seen(jobs: Sequence[Job]) -> SeenCommand:
    if not jobs:
        return NO_COMMAND
    newest = jobs[0]
    error = newest.error or {}
    is_cut_off = newest.status == "failed" and error.get("code") == "interrupted" and newest.exit_status is None
    return SeenCommand(
        status="interrupted" if is_cut_off else newest.status,
        message=newest.message or "",
        fraction=newest.fraction,
        cause=str(error.get("message") or ""),
        commit=_commit(newest),
        tries=len(jobs),
    )


def _commit(job: Job) -> str:
    """Of what was pulled: `pull --json` prints a list with one entry for each model."""
    entries = job.result if isinstance(job.result, list) else [job.result]
    found = entries[0].get("revision") if entries and isinstance(entries[0], Mapping) else None
    return found if isinstance(found, str) else ""
