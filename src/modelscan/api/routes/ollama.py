"""Read-only answers for tools that speak Ollama's: which models are there, which are loaded, what they are.

Fields as in Ollama's docs/api.md (0.12). The models are the names that the gateway serves; what nobody knows of them is
empty, since clients of Ollama know no null.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from modelscan import __version__
from modelscan.api.asked import Verbs
from modelscan.api.bodies.words import Line
from modelscan.api.openapi import fails
from modelscan.errors import ModelNotFound
from modelscan.model import Deployment
from modelscan.model.registered import RegisteredModel
from modelscan.selecting.context import Context
from modelscan.verbs.register.listing import list_registered

router = APIRouter(prefix="/api", tags=["ollama"])

_CAPABILITIES = {"chat": "completion", "completion": "completion", "embed": "embedding"}
_UPSTREAM = "upstream"
_NEVER = "0001-01-01T00:00:00Z"  # Go's zero time


class Details(BaseModel):
    parent_model: str = ""
    format: str = ""
    family: str = ""
    families: list[str] = []
    parameter_size: str = ""
    quantization_level: str = ""


class Tag(BaseModel):
    name: str
    model: str
    modified_at: str
    size: int
    digest: str
    details: Details


class Tags(BaseModel):
    models: list[Tag]


class Loaded(BaseModel):
    name: str
    model: str
    size: int
    digest: str
    details: Details
    expires_at: str
    size_vram: int
    context_length: int


class LoadedModels(BaseModel):
    models: list[Loaded]


class ShowRequest(BaseModel):
    """Other keys are of other versions of Ollama's clients."""

    model: Annotated[Line, Field(description="A name of `/api/tags`")]


class Shown(BaseModel):
    modelfile: str = ""
    parameters: str = ""
    template: str = ""
    details: Details
    model_info: dict[str, str | int]
    capabilities: list[str]
    modified_at: str


class OllamaVersion(BaseModel):
    version: str


@router.get("/version")
def ollama_version() -> OllamaVersion:
    return OllamaVersion(version=__version__)


@router.get("/tags")
def ollama_tags(context: Verbs) -> Tags:
    return Tags(models=[*map(_tag, _ready(context)), *map(_tag_elsewhere, _elsewhere(context))])


@router.get("/ps")
def ollama_ps(context: Verbs) -> LoadedModels:
    return LoadedModels(models=[_loaded(item) for item in _ready(context)])


@router.post("/show", responses=fails(404))
def ollama_show(context: Verbs, body: ShowRequest) -> Shown:
    wanted = body.model.removesuffix(":latest")
    for item in _ready(context):
        if wanted in {item.name, *item.served_model_names}:
            info: dict[str, str | int] = {"general.architecture": item.backend, "general.name": item.model}
            if item.max_model_len is not None:
                info[f"{item.backend}.context_length"] = item.max_model_len
            known = _CAPABILITIES.get(item.task)
            return Shown(
                details=_details(item),
                model_info=info,
                capabilities=[known] if known else [],
                modified_at=item.ready_at or _NEVER,
            )
    for model in _elsewhere(context):
        if wanted == model.id:
            return Shown(
                details=Details(family=_UPSTREAM),
                model_info={"general.architecture": _UPSTREAM, "general.name": model.name},
                capabilities=["embedding" if model.type == "embed" else "completion"],
                modified_at=model.updated_at or _NEVER,
            )
    raise ModelNotFound(f"model '{wanted}' not found", hints=["modelscan list"])


def _ready(context: Context) -> list[Deployment]:
    return context.deployments.list(status="ready")


def _elsewhere(context: Context) -> list[RegisteredModel]:
    return [item for item in list_registered(context).models if item.runtime == _UPSTREAM and item.enabled]


def _details(item: Deployment) -> Details:
    return Details(family=item.backend, families=[item.backend], quantization_level=item.quantization or "")


def _size(item: Deployment) -> int:
    return item.memory.measured_bytes or item.memory.estimated_bytes or 0


def _tag(item: Deployment) -> Tag:
    return Tag(
        name=item.name,
        model=item.name,
        modified_at=item.ready_at or _NEVER,
        size=_size(item),
        digest=item.revision or "",
        details=_details(item),
    )


def _tag_elsewhere(model: RegisteredModel) -> Tag:
    return Tag(
        name=model.id,
        model=model.id,
        modified_at=model.updated_at or _NEVER,
        size=0,
        digest="",
        details=Details(family=_UPSTREAM),
    )


def _loaded(item: Deployment) -> Loaded:
    return Loaded(
        name=item.name,
        model=item.name,
        size=_size(item),
        digest=item.revision or "",
        details=_details(item),
        expires_at=_NEVER,
        size_vram=_size(item) if item.gpu_indices else 0,
        context_length=item.max_model_len or 0,
    )
