"""What the gateway is asked, and how to ask it: addresses, examples, programs that can be connected."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from modelscan.api.asked import Verbs
from modelscan.api.page.content.requests import PastRequest, by_minute, by_model, requests_in
from modelscan.api.page.content.served import page_models
from modelscan.api.page.content.snippets import snippets
from modelscan.api.page.pages import page_router
from modelscan.api.page.rendering import rendered
from modelscan.exports.clients.registry import CLIENTS
from modelscan.running.connecting.endpoint import KEY_VARIABLE
from modelscan.selecting.context import Context
from modelscan.verbs.connect.gateway import gateway_logs, gateway_status
from modelscan.verbs.connect.keys import list_keys

router = page_router()
_LINES, _SHOWN, _MINUTES = 4_000, 40, 60


@router.get("/ui/activity")
def activity(context: Verbs, model: str = "") -> Response:
    status = gateway_status(context)
    models = [item for item in page_models(context) if item.answers]
    chosen = next((item for item in models if item.name == model), models[0] if models else None)
    base = status.openai_base_url or f"http://127.0.0.1:{context.settings.gateway.port}/v1"
    keys = list_keys(context)
    return rendered(
        "activity.html",
        **_values(context),
        models=models,
        chosen=chosen,
        base=base,
        keys=keys,
        variable=KEY_VARIABLE,
        snippets=snippets(chosen, base, KEY_VARIABLE if keys else None) if chosen is not None else [],
        tools=tuple(CLIENTS),
    )


@router.get("/ui/pieces/activity")
def piece(context: Verbs) -> Response:
    return rendered("pieces/activity.html", **_values(context))


@router.get("/ui/activity/figures")
def figures(context: Verbs) -> JSONResponse:
    """For the chart: requests of each minute, and all tokens written so far, from which speed is seen."""
    now, status = context.clock.now(), gateway_status(context)
    tokens: dict[str, int] = {}
    for item in status.tokens:
        if item.type == "output":
            tokens[item.model] = tokens.get(item.model, 0) + item.tokens
    return JSONResponse(
        {
            "at": now.timestamp(),
            "minutes": by_minute(_requests(context), now, _MINUTES),
            "tokens": tokens,
        },
        headers={"Cache-Control": "no-store"},
    )


def _values(context: Context) -> dict[str, Any]:
    status, requests = gateway_status(context), _requests(context)
    tokens: dict[tuple[str, str], int] = {}
    for item in status.tokens:
        tokens[item.model, item.type] = tokens.get((item.model, item.type), 0) + item.tokens
    return {
        "gateway": status,
        "requests": requests[: -_SHOWN - 1 : -1],
        "of_models": by_model(requests),
        "tokens": tokens,
    }


def _requests(context: Context) -> list[PastRequest]:
    return requests_in(gateway_logs(context, tail=_LINES))
