"""Deployments: shown, deployed, started, stopped, removed; what takes long is a job."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from modelscan.api.asked import Verbs, answering
from modelscan.api.begin import ACCEPTED, begun, deploy_argv
from modelscan.api.bodies.deploying import DeployBody
from modelscan.api.bodies.words import NamePath
from modelscan.api.documents import DocumentAnswer, Responses, documented, with_parts
from modelscan.api.failures import answering_no
from modelscan.api.openapi import fails
from modelscan.model.words import Status
from modelscan.verbs.carry.weights import purge_for
from modelscan.verbs.run.foresee import foresee_deployment

router = APIRouter(prefix="/api/v1/deployments", tags=["deployments"])

_LINKS: dict[str, Any] = {
    "job": {"operationId": "get_job", "parameters": {"job_id": "$response.body#/job/id"}},
    "events": {"operationId": "list_job_events", "parameters": {"job_id": "$response.body#/job/id"}},
    "cancel": {"operationId": "cancel_job", "parameters": {"job_id": "$response.body#/job/id"}},
}


def _begins(about: str, **parts: str) -> Responses:
    answers = with_parts(status=ACCEPTED, about=about, job="job", **parts)
    answers[ACCEPTED]["links"] = _LINKS
    return answers


@router.get("", responses=documented("deployment", listed=True, about="Deployments, in the order of their creation"))
def list_deployments(
    context: Verbs,
    status: Status | None = None,
    removed: Annotated[bool, Query(description="Also those that were removed")] = False,
) -> DocumentAnswer:
    return DocumentAnswer(context.deployments.list(status=status, removed=removed))


@router.post(
    "",
    status_code=ACCEPTED,
    responses={
        **documented("plan", about="With `dry_run`: the plan"),
        **_begins("A job deploys it", plan="plan?"),
        **fails(404, 409, 502, 504),
    },
)
def deploy(context: Verbs, body: DeployBody) -> DocumentAnswer:
    """What cannot work is refused at once, with its reasons and what would; else a job goes on from the plan."""
    with answering_no():
        wanted = body.request
        foreseen = foresee_deployment(context, wanted, ask=answering(yes=body.yes), plan_only=body.dry_run)
    if body.dry_run and foreseen.plan is not None:
        return DocumentAnswer(foreseen.plan)
    argv = deploy_argv(wanted, yes=body.yes)
    return begun(context, "deploy", foreseen.name, argv, plan=foreseen.plan)


@router.get("/{name}", responses={**documented("deployment"), **fails(404, 409)})
def get_deployment(context: Verbs, name: NamePath) -> DocumentAnswer:
    return DocumentAnswer(context.deployments.now(name))


@router.post("/{name}/start", status_code=ACCEPTED, responses={**_begins("A job starts it"), **fails(404, 409)})
def start_deployment(context: Verbs, name: NamePath) -> DocumentAnswer:
    found = context.deployments.find_present(name)
    return begun(context, "start", found.name, ["start", "--", found.id])


@router.post("/{name}/stop", status_code=ACCEPTED, responses={**_begins("A job stops it"), **fails(404, 409)})
def stop_deployment(context: Verbs, name: NamePath) -> DocumentAnswer:
    found = context.deployments.find_present(name)
    return begun(context, "stop", found.name, ["stop", "--", found.id])


@router.post("/{name}/restart", status_code=ACCEPTED, responses={**_begins("A job restarts it"), **fails(404, 409)})
def restart_deployment(context: Verbs, name: NamePath) -> DocumentAnswer:
    found = context.deployments.find_present(name)
    return begun(context, "restart", found.name, ["restart", "--", found.id])


@router.delete("/{name}", status_code=ACCEPTED, responses={**_begins("A job removes it"), **fails(404, 409, 502)})
def remove_deployment(
    context: Verbs,
    name: NamePath,
    purge_weights: Annotated[bool, Query(description="Also delete its weights, unless another needs them")] = False,
    force: Annotated[bool, Query(description="Also weights that modelscan did not download")] = False,
    yes: Annotated[bool, Query(description="Weights may be deleted")] = False,
) -> DocumentAnswer:
    found = context.deployments.find_present(name)
    options = []
    if purge_weights:
        with answering_no():  # before anything is begun
            purge_for(context, [found.id], force=force, ask=answering(yes=yes))
        options = ["--purge-weights", *(["--force"] if force else []), *(["--yes"] if yes else [])]
    return begun(context, "remove", found.name, ["remove", *options, "--", found.id])
