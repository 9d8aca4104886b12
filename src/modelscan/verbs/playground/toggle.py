"""A model of the Playground API served, and not any longer."""

from __future__ import annotations

from modelscan.dataclasses import dataclass
from modelscan.errors import Usage
from modelscan.playground.locks import commanding_model
from modelscan.playground.record import PlaygroundModel, new_inference_id
from modelscan.playground.settling import PhaseNow, after_pull, phase_now
from modelscan.playground.store import PlaygroundStore
from modelscan.playground.transitions import claimed, let_go
from modelscan.running.gateway.process import running_gateway
from modelscan.running.playground.commands import begin_inference
from modelscan.running.playground.elsewhere import name_there
from modelscan.running.playground.ending import end_inferences
from modelscan.running.playground.sight import Sight
from modelscan.selecting.context import Context
from modelscan.system.clock import rfc3339

STARTED, EXISTS, STOPPED = "inference started", "inference already exists", "inference stopped"
_NO_GATEWAY = "no gateway runs, so nobody can ask for it yet: modelscan gateway start"
_NOT_BY_LITELLM = "the gateway serves it; the file for LiteLLM leaves it out, as its key is in the secret store"


@dataclass(frozen=True, kw_only=True, slots=True)
class Toggled:
    """`warning` is what may keep it from answering."""

    message: str
    inference_id: str | None = None
    warning: str | None = None


def toggle_model(context: Context, model_id: str, *, enabled: bool) -> Toggled:
    """Serve it, or end that. Two at once are one after the other, so that a model has one inference at most.

    Raises ModelNotFound; Usage for one that is not ready; what ending a deployment raises.
    """
    paths = context.settings.paths
    with PlaygroundStore.for_reading(paths, context.clock) as store:
        store.kept(model_id)  # before a lock is made for it
    with commanding_model(paths, model_id, context.clock):
        with PlaygroundStore(paths, context.clock) as store:
            model = store.kept(model_id)
        return _on(context, model) if enabled else _off(context, model)


def _on(context: Context, model: PlaygroundModel) -> Toggled:
    model, now, was_removed = _looked_at(context, model)
    if now.phase != "Ready":
        raise Usage(f"model is not ready: its phase is {now.phase}{f' ({now.message})' if now.message else ''}")
    is_remote = model.access_mode == "remote_api"
    if model.inference and now.inference_phase in {"Pending", "Running"}:
        return Toggled(message=EXISTS, inference_id=model.inference, warning=_warning(context, model))
    model = end_inferences(context, model)
    served_as, doubt = name_there(context, model) if is_remote else ("", None)
    inference = model.inference if model.inference and not was_removed else new_inference_id(model.id)
    with PlaygroundStore(context.settings.paths, context.clock) as store:
        at = rfc3339(context.clock.now())
        model = store.change(model.id, lambda row: claimed(row, inference, at, served_as=served_as))
    begin_inference(context, model)
    warning = _warning(context, model, doubt)
    return Toggled(message=STARTED, inference_id=inference, warning=warning)


def _off(context: Context, model: PlaygroundModel) -> Toggled:
    with PlaygroundStore(context.settings.paths, context.clock) as store:
        at = rfc3339(context.clock.now())
        model = store.change(model.id, lambda row: let_go(row, at))
    end_inferences(context, model)
    return Toggled(message=STOPPED)


def _looked_at(context: Context, model: PlaygroundModel) -> tuple[PlaygroundModel, PhaseNow, bool]:
    """As it is now, and whether its inference was removed by somebody else."""
    sight, at = Sight(context), rfc3339(context.clock.now())
    pull, inference = sight.pull(model), sight.inference(model)
    if after_pull(model, pull, at) != model:
        with PlaygroundStore(context.settings.paths, context.clock) as store:
            model = store.change(model.id, lambda row: after_pull(row, pull, at))
    return model, phase_now(model, pull, inference), inference.removed


def _warning(context: Context, model: PlaygroundModel, doubt: str | None = None) -> str | None:
    """The first thing that has to be done for it to answer."""
    if model.access_mode != "remote_api":
        return None
    if running_gateway(context) is None:
        return _NO_GATEWAY
    return doubt or (_NOT_BY_LITELLM if model.has_token and context.settings.routing.litellm_file else None)
