"""What registered models ask of `up`: to be deployed where no file says what is wanted, and to be pulled."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modelscan.errors import Interrupted, ModelscanError
from modelscan.hubs.protocol import InFolder, Streamed
from modelscan.model import PlanRequest
from modelscan.model.events import Ask, Event, Report
from modelscan.model.registered import RegisteredModel
from modelscan.registry.changed import keep_pulled
from modelscan.registry.registered import registered_models
from modelscan.running.fetch import fetch, wanted_form
from modelscan.running.preflight import check_weights
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine
from modelscan.selecting.plan import described, no_fit, plan_resolved
from modelscan.selecting.requests import DeployRequest
from modelscan.selecting.resolve import resolve_request


def prewarmed(context: Context) -> tuple[DeployRequest, ...]:
    """A deployment for each that says `prewarm`."""
    return tuple(DeployRequest(plan=PlanRequest(model=item.id)) for item in _enabled(context) if item.prewarm)


def pull_registered(context: Context, *, report: Report, ask: Ask) -> None:
    """Fetch the weights of each that says `auto_pull` and has none here yet. A failure is a warning."""
    if not context.settings.weights.auto_download:
        return
    folders: list[Path | None] = []
    failed = False
    for item in _enabled(context):
        if item.auto_pull and not item.skip_download:
            try:
                folders.append(_pull(context, item.id, report, ask))
            except Interrupted:
                raise
            except ModelscanError as error:
                failed = True
                report(Event("warning", f"{item.id}: it was not pulled: {error.message}", {"model": item.id}))
    if not failed:
        keep_pulled(context.settings, filter(None, folders))


def _enabled(context: Context) -> Iterator[RegisteredModel]:
    return (item for item in registered_models(context.settings).models() if item.enabled)


def _pull(context: Context, model_id: str, report: Report, ask: Ask) -> Path | None:
    """The folder of its weights in a hub's cache; None where there is none to fetch."""
    resolved = resolve_request(context, PlanRequest(model=model_id))
    planned = plan_resolved(context, resolved, PlanRequest(model=model_id), machine(context))
    chosen = planned.plan.chosen
    if chosen is None:
        raise no_fit(planned.plan)
    delivery, form = context.delivery(chosen.source, chosen.repo_id), wanted_form(chosen)
    if isinstance(delivery, InFolder | Streamed):
        return None
    weights = described(planned, chosen)
    cached = delivery.cached(weights.repo_id, weights.commit or weights.revision, form=form)
    if cached is not None:
        return cached
    known = check_weights(context, weights, trust_remote_code=False, allow_pickle=False, form=form, ask=ask)
    return fetch(context, delivery, known.repo_id, known.commit, report, form=form)[0]
