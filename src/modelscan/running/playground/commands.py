"""The commands that bring a model's weights and serve them: jobs, which outlive whoever asked for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelscan import dataclasses
from modelscan.errors import TimedOut
from modelscan.jobs.cancel import cancel_job
from modelscan.jobs.job import JobKind
from modelscan.jobs.now import jobs_now
from modelscan.jobs.start import start_job
from modelscan.playground.quantities import cores, plan_options
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.secrets import s3_variables, token_of_model, without_s3
from modelscan.running.routes import update_routes
from modelscan.selecting.context import Context
from modelscan.system.processes.cores import on_cores

_CANCEL_SECONDS = 60.0


def begin_pull(context: Context, model: PlaygroundModel) -> None:
    """The very repo that was asked for: with a revision its quantized forms are no candidates."""
    paths, token = context.settings.paths, token_of_model(context.settings.paths, model)
    words = ["pull", model.source, "--source", "huggingface", "--revision", "main", "--to", model.place]
    secrets = {**s3_variables(paths, model), **({"HF_TOKEN": token} if token else {})}
    _start(context, model, "pull", model.id, words, secrets)


def begin_inference(context: Context, model: PlaygroundModel) -> None:
    """What leads to the inference that its row claims. The same again starts what was stopped."""
    if model.access_mode == "remote_api":
        update_routes(context)
        return
    bounds = plan_options(memory=model.memory, gpu=model.gpu)
    aliases = dict.fromkeys((model.display_name, model.id))
    named = ("--name", model.inference, *(f"--alias={name}" for name in aliases))
    words = ["deploy", model.place, *named, *bounds, "--yes"]
    secrets = s3_variables(context.settings.paths, model)
    with on_cores(cores(model.cpu), spread=model.id):
        _start(context, model, "deploy", model.inference, words, secrets)


def end_commands(context: Context, kind: JobKind, subject: str) -> None:
    """Raises TimedOut where one does not end; what it undoes takes its time."""
    for job in jobs_now(context):
        if (job.kind, job.subject, job.status) == (kind, subject, "running"):
            ended = cancel_job(context, job.id, timeout=_CANCEL_SECONDS)
            if ended.status == "running":
                raise TimedOut(
                    f"the job `{job.id}` of `{subject}` has not ended within {_CANCEL_SECONDS:g} s",
                    details={"job": job.id},
                )


def _start(
    context: Context,
    model: PlaygroundModel,
    kind: JobKind,
    subject: str,
    words: Sequence[str],
    secrets: Mapping[str, str],
) -> None:
    """For weights in S3 nothing of the user's own access counts."""
    site = context
    if model.s3 is not None:
        settings = dataclasses.replace(context.settings, environ=without_s3(context.settings.environ))
        site = dataclasses.replace(context, settings=settings)
    (context.start_job or start_job)(site, kind=kind, subject=subject, argv=words, secrets=secrets)
