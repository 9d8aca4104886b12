"""What is taken away. Each step is done again where one before it was broken off, and does no harm then."""

from __future__ import annotations

from functools import partial

from modelscan.playground.locks import forget_lock
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.secrets import forget_secrets
from modelscan.playground.store import PlaygroundStore
from modelscan.playground.transitions import cleared, taken_away
from modelscan.running.playground.commands import end_commands
from modelscan.running.playground.purging import purge_weights
from modelscan.running.routes import update_routes
from modelscan.running.stop import remove_deployment
from modelscan.selecting.context import Context


def end_inferences(context: Context, model: PlaygroundModel) -> PlaygroundModel:
    """End those that nobody wants any longer, and write that down; call it `commanding_model`.

    Raises what ending a deployment raises; then the row says what is left to do.
    """
    for inference in model.ending:
        if model.access_mode == "remote_api":
            update_routes(context)
        else:
            end_commands(context, "deploy", inference)
            if context.deployments.named(inference) is not None:
                remove_deployment(context, inference)
        with PlaygroundStore(context.settings.paths, context.clock) as store:
            model = store.change(model.id, partial(taken_away, inference=inference), any_stage=True)
    return model


def clear(context: Context, model: PlaygroundModel) -> str | None:
    """All of a deleted model: its commands, its secrets, its weights where they are to go. Returns what is left.

    Its secrets are gone whatever else happens.
    """
    paths = context.settings.paths
    try:
        end_commands(context, "pull", model.id)
        model = end_inferences(context, model)
        left = purge_weights(context, model) if model.purge else None
    finally:
        forget_secrets(paths, model.id)
    with PlaygroundStore(paths, context.clock) as store:
        store.change(model.id, cleared, any_stage=True)
    forget_lock(paths, model.id)
    return left
