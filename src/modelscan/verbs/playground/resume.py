"""What was broken off when the API was killed, or the machine: taken up again."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.dataclasses import dataclass
from modelscan.errors import ModelscanError
from modelscan.playground.record import PlaygroundModel
from modelscan.playground.store import PlaygroundStore
from modelscan.running.playground.take_up import take_up
from modelscan.selecting.context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class NotResumed:
    """A model of which something is still to be done, and why that was not possible now."""

    id: str
    cause: str


def resume_models(context: Context) -> tuple[NotResumed, ...]:
    """Begin unfinished pulls again, and end what was to be ended; those of which that failed."""
    return _taken_up(context, lambda _: True)


def continue_pulls(context: Context) -> tuple[NotResumed, ...]:
    """Begin those again whose time has come, as a hub could not be reached; those of which that failed."""
    return _taken_up(context, lambda model: model.stage == "kept" and model.phase == "Pending")


def _taken_up(context: Context, wanted: Callable[[PlaygroundModel], bool]) -> tuple[NotResumed, ...]:
    with PlaygroundStore.for_reading(context.settings.paths, context.clock) as store:
        unfinished = store.unfinished()
    failed = []
    for model in filter(wanted, unfinished):
        try:
            take_up(context, model.id)
        except ModelscanError as error:
            failed.append(NotResumed(id=model.id, cause=error.message))
    return tuple(failed)
