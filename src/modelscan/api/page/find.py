"""Finding a model: a search with what fits here, or on a machine that is only described; and all about one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request, Response

from modelscan import dataclasses
from modelscan.api.asked import Verbs
from modelscan.api.page.pages import page_router
from modelscan.api.page.rendering import rendered
from modelscan.catalog.index.filters import Filters
from modelscan.catalog.index.search import Hit
from modelscan.errors import ModelscanError
from modelscan.model import Model
from modelscan.selecting.context import Context
from modelscan.selecting.judge import UNJUDGED, judging
from modelscan.selecting.machine import hardware_names
from modelscan.units import parse_count
from modelscan.verbs.find.info import model_info
from modelscan.verbs.find.search import list_models, search_models

router = page_router()
_SHOWN = 24
TASKS = ("chat", "completion", "embed", "rerank", "speech-to-text", "text-to-speech", "text-to-image")
CAPABILITIES = ("tool_call", "reasoning", "vision", "structured_output")


@router.get("/ui/find")
def find(request: Request, context: Verbs) -> Response:
    return rendered(
        "find.html",
        **_values(context, request),
        machines=hardware_names(),
        tasks=TASKS,
        capabilities=CAPABILITIES,
    )


@router.get("/ui/pieces/find")
def piece(request: Request, context: Verbs) -> Response:
    answer = rendered("pieces/find.html", **_values(context, request))
    words = "&".join(part for part in request.url.query.split("&") if not part.endswith("="))
    answer.headers["HX-Replace-Url"] = f"/ui/find?{words}" if words else "/ui/find"
    return answer


@router.get("/ui/models/{reference:path}")
def model(reference: str, context: Verbs) -> Response:
    described = model_info(context, reference, fits=True)
    return rendered("model.html", described=described, model=described.model)


def _values(context: Context, request: Request) -> dict[str, Any]:
    given = request.query_params
    values: dict[str, Any] = {"given": given, "models": (), "failure": None, "unjudged": UNJUDGED}
    hardware = given.get("hardware", "").strip() or None
    try:
        filters = Filters(
            task=given.get("task") or None,
            capability=given.get("capability") or None,
            max_parameters=parse_count(given["max_params"]) if given.get("max_params", "").strip() else None,
            open_only=bool(given.get("open")),
        )
        return values | {
            "models": _found(context, given.get("q", "").split(), filters, bool(given.get("fits")), hardware)
        }
    except ModelscanError as error:
        return values | {"failure": error}


def _found(context: Context, words: Sequence[str], filters: Filters, fits: bool, hardware: str | None) -> list[Model]:
    """Each with whether it fits; without words, all in the order of their ids."""
    if words:
        result = search_models(context, words, limit=_SHOWN, filters=filters, fits=fits, hardware=hardware)
    else:
        result = list_models(context, limit=_SHOWN, filters=filters, fits=fits, hardware=hardware)
    models = [item for item in result.models if not isinstance(item, Hit)]
    judge = judging(context, hardware)
    return [item if item.fits else dataclasses.replace(item, fits=judge(item)) for item in models]
