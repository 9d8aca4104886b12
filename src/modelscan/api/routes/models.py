"""Models of one's own: listed, registered, changed, removed; and as the fleets that seeds come from ask for them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from modelscan.api.asked import Verbs
from modelscan.api.bodies.registering import LocalModel, ModelChanges, NewModel
from modelscan.api.bodies.words import ModelPath
from modelscan.api.documents import DocumentAnswer, described_as, documented, referred
from modelscan.api.failures import answering_no
from modelscan.api.openapi import fails
from modelscan.dataclasses import replace
from modelscan.model.registered import RegisteredModel
from modelscan.storage.documents import to_document
from modelscan.verbs.register.add import add_model
from modelscan.verbs.register.edit import edit_model
from modelscan.verbs.register.inspect import inspect_model
from modelscan.verbs.register.listing import list_registered
from modelscan.verbs.register.remove import remove_model
from modelscan.verbs.register.upstream import add_upstream

router = APIRouter(prefix="/api/v1", tags=["models"])

_CREATED = 201
_WARNED = {"type": "object", "properties": {"warnings": {"type": "array", "items": {"type": "string"}}}}
_ONE = {"model_id": "$response.body#/id"}
_LINKS: dict[str, Any] = {
    name: {"operationId": name, "parameters": _ONE}
    for name in ("get_model", "change_model", "remove_registered_model", "get_helix_model")
}
_MADE = described_as(
    {"allOf": [referred("registered-model"), {**_WARNED, "required": ["warnings"]}]},
    status=_CREATED,
    about="The model, and what may keep it from answering",
)
_MADE[_CREATED]["links"] = _LINKS
_BuiltIn = Annotated[bool, Query(alias="all", description="Also the built-in ones that are known to work")]


class HelixModel(BaseModel):
    """A registered model in the words of seeds; `memory` in bytes."""

    id: str
    name: str
    type: str | None
    runtime: str | None
    memory: int | None
    context_length: int | None
    description: str | None
    enabled: bool
    auto_pull: bool
    prewarm: bool
    runtime_args: list[str]
    system: bool
    user_modified: bool
    created_at: str | None
    updated_at: str | None


@router.get("/models", responses=documented("registered-model", listed=True, about="Models, by their ids"))
def list_own_models(context: Verbs, built_in: _BuiltIn = False) -> DocumentAnswer:
    return DocumentAnswer([_shown(model) for model in list_registered(context, with_built_in=built_in).models])


@router.post("/models", status_code=_CREATED, responses={**_MADE, **fails(409, 502)})
def register_model(context: Verbs, body: NewModel) -> DocumentAnswer:
    with answering_no():
        if isinstance(body, LocalModel):
            return _made(add_model(context, body.id, body.changes()))
        there = body.upstream
        changes = {key: value for key, value in body.changes().items() if key != "runtime"}
        found = add_upstream(
            context, body.id, changes, address=there.base_url, variable=there.api_key_env, model=there.model
        )
        return _made(found.models[0], found.warnings)


@router.get("/models/{model_id:path}", responses={**documented("registered-model"), **fails(404)})
def get_model(context: Verbs, model_id: ModelPath) -> DocumentAnswer:
    return DocumentAnswer(_shown(inspect_model(context, model_id).model))


@router.patch("/models/{model_id:path}", responses={**documented("registered-model"), **fails(404, 409)})
def change_model(context: Verbs, model_id: ModelPath, body: ModelChanges) -> DocumentAnswer:
    """What is sent is said from now on, over what files and seeds say; null takes back what was said."""
    with answering_no():
        return DocumentAnswer(_shown(edit_model(context, model_id, body.changes())))


@router.delete("/models/{model_id:path}", responses={**documented("registered-model-removed"), **fails(404, 409)})
def remove_registered_model(context: Verbs, model_id: ModelPath) -> DocumentAnswer:
    return DocumentAnswer(remove_model(context, model_id))


@router.get("/helix-models")
def list_helix_models(context: Verbs, built_in: _BuiltIn = False) -> list[HelixModel]:
    return [_as_seeded(model) for model in list_registered(context, with_built_in=built_in).models]


@router.get("/helix-models/{model_id:path}", responses=fails(404))
def get_helix_model(context: Verbs, model_id: ModelPath) -> HelixModel:
    return _as_seeded(inspect_model(context, model_id).model)


def _made(model: RegisteredModel, warnings: tuple[str, ...] = ()) -> DocumentAnswer:
    return DocumentAnswer({**to_document(_shown(model)), "warnings": warnings}, _CREATED)


def _shown(model: RegisteredModel) -> RegisteredModel:
    """What somebody said under a name that we do not know may be a secret."""
    return replace(model, extra=dict.fromkeys(model.extra))


def _as_seeded(model: RegisteredModel) -> HelixModel:
    document = to_document(model)
    return HelixModel(**{name: document.get(name, document["memory_bytes"]) for name in HelixModel.model_fields})
