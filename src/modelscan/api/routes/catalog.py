"""The catalog, and what is known of one model; the GPUs of this machine."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from modelscan.api.asked import Verbs
from modelscan.api.bodies.searching import CatalogQuery
from modelscan.api.bodies.words import ModelPath
from modelscan.api.documents import DocumentAnswer, documented
from modelscan.api.openapi import fails
from modelscan.selecting.machine import machine
from modelscan.verbs.find.info import model_info
from modelscan.verbs.find.search import list_models, search_models

router = APIRouter(prefix="/api/v1", tags=["find"])


@router.get(
    "/catalog/models",
    responses={**documented("model", listed=True, about="Models, the best match first"), **fails(404, 409)},
)
def search_catalog(context: Verbs, query: Annotated[CatalogQuery, Query()]) -> DocumentAnswer:
    wanted: dict[str, Any] = {
        "limit": query.limit,
        "filters": query.filters,
        "fits": query.fits,
        "hardware": query.machine,
    }
    found = search_models(context, [query.q], **wanted) if query.q.strip() else list_models(context, **wanted)
    return DocumentAnswer(found.models)


@router.get("/catalog/models/{model_id:path}", responses={**documented("model"), **fails(404, 409, 502)})
def get_catalog_model(
    context: Verbs,
    model_id: ModelPath,
    fits: Annotated[bool, Query(description="Also whether it fits this machine, and how")] = False,
) -> DocumentAnswer:
    """By its id, an alias, a repo or any other name that means one model."""
    return DocumentAnswer(model_info(context, model_id, fits=fits).model)


@router.get("/gpus", responses=documented("gpu", about="GPUs, their free memory, and the CPU"))
def get_gpus(context: Verbs) -> DocumentAnswer:
    return DocumentAnswer(machine(context))
