"""Jobs that routes begin: the command line of each, and the answer that says where it is followed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from modelscan.api.documents import DocumentAnswer
from modelscan.jobs.job import JobKind
from modelscan.jobs.start import start_job
from modelscan.selecting.context import Context
from modelscan.selecting.requests import DeployRequest, option_words

ACCEPTED = 202


def begun(context: Context, kind: JobKind, subject: str, argv: Sequence[str], **parts: object) -> DocumentAnswer:
    """The answer with the job that was begun; `parts` stand beside it. Raises StorageFailed."""
    job = (context.start_job or start_job)(context, kind=kind, subject=subject, argv=argv)
    answer = DocumentAnswer({"job": job, **parts}, ACCEPTED)
    answer.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return answer


def deploy_argv(wanted: DeployRequest, *, yes: bool) -> list[str]:
    """`deploy` with the options of a request; its model stands behind a bare `--`."""
    model, *options = [shlex.split(word) for word in option_words(wanted)]
    limits = [] if wanted.timeout is None else ["--timeout", f"{wanted.timeout:g}"]
    said = [*(["--replace"] if wanted.replace else []), *(["--yes"] if yes else []), *limits]
    return ["deploy", *(word for words in options for word in words), *said, "--", *model]
