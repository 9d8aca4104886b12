"""Another port for a deployment whose port somebody else took between the choice and the start."""

from __future__ import annotations

import os
from typing import Any

from modelscan.deployments.argv import on_port
from modelscan.deployments.claims import CLAIMS_LOCK
from modelscan.deployments.store import Store
from modelscan.model import Deployment
from modelscan.storage.locks import hold
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.system.processes.ports import next_free

_CLAIMS_SECONDS = 60.0


def may_move(store: Store, deployment: Deployment) -> bool:
    """A port that the user fixed stays; so does one that others may know, as it was ready there."""
    return "port" not in deployment.request and not store.was_ready(deployment.id)


def move(store: Store, deployment: Deployment, paths: Paths, clock: Clock) -> Deployment:
    """Claim the next free port for it, write it down, and tell so as an event. Raises Conflict."""
    note = f"process {os.getpid()}"
    with hold(paths.locks_folder / CLAIMS_LOCK, note=note, timeout=_CLAIMS_SECONDS, clock=clock):
        claimed = {item.port for item in store.list() if item.port is not None}
        port = next_free((deployment.port or 0) + 1, claimed)
        changes: dict[str, Any] = on_port(deployment, port)
        moved = store.update(deployment.id, **changes)
    store.add_event(deployment.id, "moved", f"port {deployment.port} was taken by another program: now {port}")
    return moved
