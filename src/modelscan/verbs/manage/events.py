"""The events of deployments, from their store."""

from __future__ import annotations

from collections.abc import Iterator

from modelscan.dataclasses import dataclass
from modelscan.deployments.store import Store
from modelscan.selecting.context import Context

_POLL_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class PastEvent:
    """`kind` is a status that began, or the writer's own word; `number` grows with each event."""

    number: int
    deployment: str
    name: str
    at: str
    kind: str
    message: str | None


def past_events(context: Context, reference: str | None) -> list[PastEvent]:
    """Oldest first; of one deployment, removed or not, or of all. Raises DeploymentNotFound."""
    wanted = context.deployments.find(reference).id if reference is not None else None
    with Store.for_reading(context.settings.paths, context.clock) as store:
        return _read(store, wanted, after=0)


def events_after(context: Context, number: int) -> list[PastEvent]:
    """Those of all deployments that are newer than the event of this number."""
    with Store.for_reading(context.settings.paths, context.clock) as store:
        return _read(store, None, after=number)


def last_event(context: Context) -> int:
    """The number of the newest event."""
    with Store.for_reading(context.settings.paths, context.clock) as store:
        return store.last_event()


def follow_events(context: Context, reference: str | None) -> Iterator[PastEvent]:
    """Past events, then new ones, without end. Raises DeploymentNotFound."""
    wanted = context.deployments.find(reference).id if reference is not None else None
    last = 0
    while True:
        with Store.for_reading(context.settings.paths, context.clock) as store:
            for event in _read(store, wanted, after=last):
                last = event.number
                yield event
        context.clock.sleep(_POLL_SECONDS)


def _read(store: Store, wanted: str | None, *, after: int) -> list[PastEvent]:
    found = store.events(wanted, after=after)
    names = {item.id: item.name for item in store.list(include_removed=True)} if found else {}
    return [
        PastEvent(
            number=event.number,
            deployment=event.deployment,
            name=names.get(event.deployment, event.deployment),
            at=event.at,
            kind=event.kind,
            message=event.message,
        )
        for event in found
    ]
