"""What `deploy` would do and why, seen anew with every change of what is asked; and the deployment of it."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Request, Response

from modelscan.api.asked import Verbs
from modelscan.api.page.content.memory import plan_bar
from modelscan.api.page.content.options import AskedOptions, asked_in
from modelscan.api.page.pages import page_router
from modelscan.api.page.rendering import rendered
from modelscan.backends.registry import BACKENDS
from modelscan.errors import ModelscanError
from modelscan.model.words import GGUF_QUANTIZATIONS, QUANTIZATIONS
from modelscan.selecting.command import with_command
from modelscan.selecting.context import Context
from modelscan.selecting.machine import hardware_names
from modelscan.selecting.plan import explained, faults_beside, plan_model
from modelscan.selecting.requests import beside_words, option_words

router = page_router()
_ALTERNATIVES = 4
_FORM = ("model", "quantization", "backend", "mode", "context_length", "gpu", "gpus", "max_memory", "max_concurrency")


@router.get("/ui/plan")
def plan(request: Request, context: Verbs) -> Response:
    asked = asked_in(request.query_params)
    return rendered(
        "plan.html",
        **_values(context, asked, request.query_params.get("hardware", "").strip()),
        given=request.query_params,
        kept=[
            (key, text) for key, text in request.query_params.multi_items() if key not in {*_FORM, "hardware", "name"}
        ],
        quantizations=(*QUANTIZATIONS, *GGUF_QUANTIZATIONS),
        backends=tuple(BACKENDS),
        machines=hardware_names(),
    )


@router.get("/ui/pieces/plan")
def piece(request: Request, context: Verbs) -> Response:
    asked = asked_in(request.query_params)
    answer = rendered("pieces/plan.html", **_values(context, asked, request.query_params.get("hardware", "").strip()))
    words = "&".join(part for part in request.url.query.split("&") if not part.endswith("="))
    answer.headers["HX-Replace-Url"] = f"/ui/plan?{words}"
    return answer


def _values(context: Context, asked: AskedOptions, hardware: str) -> dict[str, Any]:
    """`failure` where there is no plan, `planned` otherwise; neither without a model."""
    values: dict[str, Any] = {"asked": asked, "hardware": hardware, "failure": None, "plan": None}
    if not asked.request.plan.model or asked.mistakes:
        return values
    try:
        planned = plan_model(
            context,
            asked.request.plan,
            described_hardware=hardware or None,
            alternatives=_ALTERNATIVES,
            beside=beside_words(asked.request),
        )
        shown = with_command(context, planned, asked.request)
    except ModelscanError as error:
        return values | {"failure": error}
    chosen = shown.chosen
    return values | {
        "plan": shown,
        "warnings": (*shown.warnings, *faults_beside(planned.plan)),
        "reasons": [reason.partition(": ")[::2] for reason in chosen.reasons] if chosen else [],
        "bar": plan_bar(chosen, shown.hardware) if chosen else None,
        "arithmetic": explained(planned),
        "command": " ".join(["modelscan deploy", *option_words(asked.request)]),
        "body": json.dumps(asked.body),
    }
