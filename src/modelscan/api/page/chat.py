"""The playground: asking models, one or several side by side."""

from __future__ import annotations

from fastapi import Request, Response

from modelscan.api.asked import Verbs
from modelscan.api.page.content.served import page_models
from modelscan.api.page.pages import page_router
from modelscan.api.page.passing import gateway_for_page
from modelscan.api.page.rendering import rendered
from modelscan.running.gateway.process import running_gateway

router = page_router()
_TASKS = frozenset({"chat", "speech-to-text", "text-to-image"})


@router.get("/ui/chat")
def chat(request: Request, context: Verbs) -> Response:
    runs = running_gateway(context) is not None
    if runs:
        gateway_for_page(context, request)  # the gateway has read the key by the time of the first request
    models = [item for item in page_models(context) if item.task in _TASKS and item.answers]
    wanted = request.query_params.getlist("model")
    return rendered("chat.html", runs=runs, models=models, wanted=wanted)
