"""Asking a supervisor to put its backend to sleep, and to wake it."""

from __future__ import annotations

import signal
from collections.abc import Callable

from modelscan.deployments.files import files_of
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.model.words import ASLEEP
from modelscan.storage.ownership import live_supervisor
from modelscan.system.processes.identity import send
from modelscan.targets.local.observe import observe
from modelscan.targets.local.supervisor.supervision import SLEEP, WAKE
from modelscan.targets.site import Site

_POLL_SECONDS = 0.02
_ASLEEP_SECONDS = 150.0  # weights are copied to the host's memory, and requests may end before
_WAKING_SECONDS = 20.0


def put_to_sleep(record: Record, store: Store, site: Site) -> Record | None:
    """Returns once it sleeps; None where it cannot, and has to be stopped. Call it with the command lock held."""
    now = observe(record, paths=site.paths, clock=site.clock, commanding=True)
    if now.is_asleep:
        return now
    if now.status.current != "ready":
        return None
    latest = _ask(now, store, site, SLEEP, _ASLEEP_SECONDS, lambda item: item.status.current != "ready")
    return latest if latest is not None and latest.is_asleep else None


def wake(record: Record, store: Store, site: Site) -> Record | None:
    """Returns once it wakes up; None where it does not sleep any more, and has to be started."""
    if record.status.phase != ASLEEP:
        return None
    latest = _ask(record, store, site, WAKE, _WAKING_SECONDS, lambda item: item.status.phase != ASLEEP)
    return None if latest is None else observe(latest, paths=site.paths, clock=site.clock)


def _ask(
    record: Record,
    store: Store,
    site: Site,
    what: signal.Signals,
    seconds: float,
    done: Callable[[Record], bool],
) -> Record | None:
    """Ask its supervisor; the record once it is `done`, None where nobody does it in time."""
    lock = files_of(site.paths, record.id).lock
    supervisor = live_supervisor(lock, record.id)
    if supervisor is None or not send(supervisor, what):
        return None
    deadline = site.clock.monotonic() + seconds
    while not done(latest := store.by_id(record.id)):
        if site.clock.monotonic() >= deadline or live_supervisor(lock, record.id) is None:
            return None
        site.clock.sleep(_POLL_SECONDS)
    return latest
