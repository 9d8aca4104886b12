"""The supervisor's hand on its record: changes that cannot be written wait and are tried again."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from modelscan.deployments.measurements import Measurements
from modelscan.deployments.store import Store
from modelscan.errors import StorageFailed
from modelscan.model import Deployment, Measurement
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.targets.local.moving import may_move, move
from modelscan.targets.local.supervisor.phases import Durations

_RETRY_SECONDS = 1.0
_LAST_TRIES_SECONDS = 10.0


class Record:
    """`value` is the record as the supervisor means it, written or not."""

    def __init__(self, store: Store, deployment: Deployment, clock: Clock) -> None:
        self.value = deployment
        self._store = store
        self._clock = clock
        self._waiting: dict[str, Any] = {}
        self._next_try = 0.0

    def change(self, **changes: Any) -> None:
        """Write now, or, when the disk does not let us, later."""
        self.value = dataclasses.replace(self.value, **changes)
        self._waiting |= changes
        self._next_try = 0.0
        self.flush()

    def flush(self) -> bool:
        """Write what waits, when it is time to try; whether nothing waits any more."""
        if self._waiting and self._clock.monotonic() >= self._next_try:
            try:
                self.value = self._store.update(self.value.id, **self._waiting)
            except StorageFailed:
                self._next_try = self._clock.monotonic() + _RETRY_SECONDS
            else:
                self._waiting = {}
        return not self._waiting

    def mend(self, changes: Mapping[str, Any], said: str) -> None:
        """Change the plan, and keep what was done, in the record and as an event."""
        self.change(**changes, adjustments=(*self.value.adjustments, said), message=said)
        with contextlib.suppress(StorageFailed):
            self._store.add_event(self.value.id, "adjusted", said)

    def may_move(self) -> bool:
        return may_move(self._store, self.value)

    def move(self, paths: Paths) -> None:
        """To another port. Raises Conflict, StorageFailed."""
        self.value = move(self._store, self.value, paths, self._clock)

    def earlier_starts(self) -> Sequence[Durations]:
        return self._store.starts(_what(self.value))

    def keep_start(self, durations: Durations) -> None:
        """What is learned for the next time; a full disk may keep it from being learned."""
        with contextlib.suppress(StorageFailed):
            self._store.add_start(_what(self.value), durations)

    def keep_measurement(self, measurement: Measurement | None, paths: Paths) -> None:
        """The same for what its log said of memory."""
        if measurement is not None:
            with contextlib.suppress(StorageFailed), Measurements(paths) as measurements:
                measurements.add(measurement)

    def finish(self) -> None:
        """Try for a while to write what waits. When that fails too, the free lock still tells that this is over."""
        deadline = self._clock.monotonic() + _LAST_TRIES_SECONDS
        while not self.flush() and self._clock.monotonic() < deadline:
            self._clock.sleep(_RETRY_SECONDS / 4)


def _what(deployment: Deployment) -> str:
    """What starts, in what, and on which devices: the same takes the same time again."""
    weights = deployment.repo_id or deployment.location or deployment.model
    parts = (deployment.backend, deployment.backend_version, weights, deployment.quantization)
    return " ".join([*(part or "-" for part in parts), *(deployment.gpu_uuids or ("cpu",))])
