"""What was begun and broken off, taken up again: by whoever looks, and at the start of the API."""

from __future__ import annotations

from modelscan.playground.locks import commanding_if_free, forget_lock
from modelscan.playground.secrets import forget_secrets
from modelscan.playground.settling import lacks_inference, lacks_pull
from modelscan.playground.store import PlaygroundStore
from modelscan.running.playground.commands import begin_inference, begin_pull
from modelscan.running.playground.ending import clear, end_inferences
from modelscan.running.playground.sight import Sight
from modelscan.selecting.context import Context
from modelscan.system.clock import rfc3339


def take_up(context: Context, model_id: str) -> bool:
    """Do what its row says is still to be done; False where another command is busy with the model.

    Raises what these steps raise.
    """
    paths = context.settings.paths
    with commanding_if_free(paths, model_id) as ours:
        if ours:
            _take_up(context, model_id)
    return ours


def begin_what_is_due(context: Context, model_id: str) -> None:
    """A pull, or an inference that was claimed; call it `commanding_model`."""
    with PlaygroundStore.for_reading(context.settings.paths, context.clock) as store:
        model = store.find(model_id)
    if model is None:
        return
    sight = Sight(context)
    if lacks_pull(model, sight.pull(model), rfc3339(context.clock.now())):
        begin_pull(context, model)
    if lacks_inference(model, sight.inference(model)):
        begin_inference(context, model)


def _take_up(context: Context, model_id: str) -> None:
    paths = context.settings.paths
    with PlaygroundStore(paths, context.clock) as store:
        model = store.find(model_id)
        if model is None or model.stage == "making":  # nobody was ever told its id
            forget_secrets(paths, model_id)
            store.forget(model_id)
            forget_lock(paths, model_id)
            return
    if model.stage == "deleting":
        clear(context, model)
    elif model.stage == "kept":
        end_inferences(context, model)
        begin_what_is_due(context, model_id)
