"""Another port for a deployment whose port was taken between planning and start."""

from __future__ import annotations

import os

from modelscan.deployments.files import CLAIMS_LOCK
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.replanning import moved_to_port
from modelscan.storage.locks import hold
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.system.processes.ports import next_free

_CLAIMS_SECONDS = 60.0


def may_move(store: Store, record: Record) -> bool:
    """False for a port that the user fixed, and for one where it was ready before: clients may know it."""
    return "port" not in record.spec.request and not store.was_ready(record.id)


def move(store: Store, record: Record, paths: Paths, clock: Clock) -> Record:
    """Claim the next free port for it, and record that as an event. Raises Conflict."""
    note = f"process {os.getpid()}"
    with hold(paths.locks_folder / CLAIMS_LOCK, note=note, timeout=_CLAIMS_SECONDS, clock=clock):
        claimed = {item.pinned.port for item in store.list() if item.pinned.port is not None}
        port = next_free((record.pinned.port or 0) + 1, claimed)
        moved = store.write(moved_to_port(record, port))
    store.add_event(record.id, "moved", f"port {record.pinned.port} was in use by another program: moved to {port}")
    return moved
