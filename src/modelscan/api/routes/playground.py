"""Models of the Playground API: the routes and the words of it, because clients of it exist."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from modelscan.api.asked import Verbs
from modelscan.api.bodies.playground import (
    CreateModel,
    DeleteAnswer,
    ModelAnswer,
    ModelIdAnswer,
    ModelsAnswer,
    ToggleAnswer,
    ToggleBody,
    asked_model,
)
from modelscan.api.failures import Failure, refused
from modelscan.errors import Conflict, ModelscanError, Usage
from modelscan.playground.record import AccessMode, InferencePhase
from modelscan.verbs.playground.create import create_model
from modelscan.verbs.playground.delete import delete_model
from modelscan.verbs.playground.listing import get_model, list_models
from modelscan.verbs.playground.pull_again import pull_again
from modelscan.verbs.playground.toggle import toggle_model

router = APIRouter(prefix="/api/v1/playground/models", tags=["playground"])
_Answers = dict[int | str, dict[str, Any]]
_NOT_FOUND: _Answers = {404: {"model": Failure, "description": "There is no such model, or no longer"}}
_BUSY: _Answers = {409: {"model": Failure, "description": "Another request is busy with it, or its place is taken"}}
_THERE: _Answers = {502: {"model": Failure, "description": "What it needs elsewhere does not answer"}}

_LED_TO = ("get_playground_model", "toggle_playground_model", "pull_playground_model", "delete_playground_model")
_LINKS: _Answers = {
    200: {"links": {name: {"operationId": name, "parameters": {"id": "$response.body#/id"}} for name in _LED_TO}}
}


@router.post("", responses={**_BUSY, **_LINKS})
def create_playground_model(context: Verbs, body: Annotated[CreateModel, Body()]) -> ModelIdAnswer:
    """Keep a model, and begin to bring a local one's weights."""
    try:
        return ModelIdAnswer(id=create_model(context, asked_model(body)))
    except Usage as error:
        raise refused(400, f"invalid request body: {error.message}") from error
    except Conflict:
        raise
    except ModelscanError as error:
        cause = f": {error.cause[0]}" if error.cause else ""
        raise refused(500, f"failed to create model resource: {error.message}{cause}") from error


@router.get("")
def list_playground_models(
    context: Verbs,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 10,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    inferenceStatus: Annotated[InferencePhase | None, Query()] = None,  # noqa: N803  the API's own word
    accessMode: Annotated[AccessMode | None, Query()] = None,  # noqa: N803
    includeDeleted: Annotated[bool, Query()] = False,  # noqa: N803
) -> ModelsAnswer:
    """Newest first."""
    page = list_models(
        context,
        limit=limit,
        offset=offset,
        inference_status=inferenceStatus,
        access_mode=accessMode,
        deleted=includeDeleted,
    )
    return ModelsAnswer(total=page.total, items=[ModelAnswer(**item) for item in page.items])


@router.get("/{id}", responses=_NOT_FOUND)
def get_playground_model(context: Verbs, id: str) -> ModelAnswer:  # noqa: A002
    return ModelAnswer(**get_model(context, id))


@router.post("/{id}/toggle", responses={**_NOT_FOUND, **_BUSY, **_THERE}, response_model_exclude_none=True)
def toggle_playground_model(context: Verbs, id: str, body: ToggleBody) -> ToggleAnswer:  # noqa: A002
    """Serve it, or end that: a deployment of a local model, an upstream of the gateway for a remote one."""
    done = toggle_model(context, id, enabled=body.enabled)
    return ToggleAnswer(message=done.message, inferenceId=done.inference_id, warning=done.warning)


@router.post("/{id}/pull", responses={**_NOT_FOUND, **_BUSY})
def pull_playground_model(context: Verbs, id: str) -> ModelAnswer:  # noqa: A002
    """Begin the pull of a model that has Failed once more; what came before is gone on with."""
    pull_again(context, id)
    return ModelAnswer(**get_model(context, id))


@router.delete("/{id}", responses={**_NOT_FOUND, **_BUSY}, response_model_exclude_none=True)
def delete_playground_model(context: Verbs, id: str, purge: Annotated[bool, Query()] = False) -> DeleteAnswer:  # noqa: A002
    """End its inference and its pull, and forget its secrets. Its weights stay, unless `purge`."""
    done = delete_model(context, id, purge=purge)
    return DeleteAnswer(message="model deleted successfully", id=done.id, warning=done.warning)
