"""Models as they are now. Whoever looks writes down how a pull ended, and takes up what was broken off."""

from __future__ import annotations

from collections.abc import Iterable

from modelscan.dataclasses import dataclass, replace
from modelscan.errors import ModelscanError
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.settling import PhaseNow, after_pull, lacks_inference, lacks_pull, phase_now
from modelscan.playground.store import PlaygroundStore
from modelscan.running.playground.sight import Sight
from modelscan.running.playground.take_up import take_up
from modelscan.selecting.context import Context
from modelscan.system.clock import rfc3339


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenModel:
    """A row, and what is shown of it."""

    model: PlaygroundModel
    now: PhaseNow


def look_at(context: Context, models: Iterable[PlaygroundModel]) -> list[SeenModel]:
    """Each as it is now, in their order."""
    sight = Sight(context)
    return [_look(context, model, sight) for model in models]


def _look(context: Context, model: PlaygroundModel, sight: Sight) -> SeenModel:
    trouble = ""
    at = rfc3339(context.clock.now())
    if lacks_pull(model, sight.pull(model), at) or lacks_inference(model, sight.inference(model)):
        try:
            take_up(context, model.id)
        except ModelscanError as error:
            trouble = error.message
        sight = Sight(context)
    pull = sight.pull(model)
    if after_pull(model, pull, at) != model:
        with PlaygroundStore(context.settings.paths, context.clock) as store:
            model = store.change(model.id, lambda row: after_pull(row, pull, at), any_stage=True)
    now = phase_now(model, pull, sight.inference(model))
    return SeenModel(model=model, now=replace(now, message=trouble) if trouble else now)
