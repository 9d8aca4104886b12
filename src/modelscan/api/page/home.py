"""Home: the memory of this machine, and what runs on it."""

from __future__ import annotations

from typing import Any

from fastapi import Response

from modelscan.api.asked import Verbs
from modelscan.api.page.content.deployments import shown
from modelscan.api.page.content.memory import device_bars, hues
from modelscan.api.page.pages import page_router
from modelscan.api.page.rendering import rendered
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine

router = page_router()


@router.get("/ui/")
def home(context: Verbs) -> Response:
    return rendered("home.html", **_values(context))


@router.get("/ui/pieces/home")
def piece(context: Verbs) -> Response:
    return rendered("pieces/home.html", **_values(context))


def _values(context: Context) -> dict[str, Any]:
    hardware = machine(context)
    found = context.deployments.list()
    colours = hues(item.name for item in found)
    now = context.clock.now()
    return {
        "bars": device_bars(hardware, context.deployments.claims(hardware), colours),
        "warnings": hardware.warnings,
        "deployments": [shown(item, now, colours[item.name]) for item in found],
    }
