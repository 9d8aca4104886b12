"""Plans: what `deploy` would do and why, for this machine or a described one."""

from __future__ import annotations

from fastapi import APIRouter

from modelscan.api.asked import Verbs
from modelscan.api.bodies.deploying import PlanBody
from modelscan.api.documents import DocumentAnswer, documented
from modelscan.api.failures import answering_no
from modelscan.api.openapi import fails
from modelscan.selecting.command import with_command
from modelscan.selecting.plan import plan_model
from modelscan.selecting.requests import beside_words

router = APIRouter(prefix="/api/v1/plans", tags=["find"])


@router.post("", responses={**documented("plan"), **fails(404, 409, 502)})
def plan(context: Verbs, body: PlanBody) -> DocumentAnswer:
    """Nothing is changed. What does not fit is an answer too: `feasible` is false, and `rejected` says why."""
    with answering_no():
        wanted = body.request
        planned = plan_model(
            context,
            wanted.plan,
            described_hardware=body.hardware,
            alternatives=body.alternatives,
            beside=beside_words(wanted),
        )
        return DocumentAnswer(with_command(context, planned, wanted))
