"""The supervisor's writes to its record: what cannot be written is kept and retried."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from modelscan.deployments.measurements import Measurements
from modelscan.deployments.record import Record
from modelscan.deployments.store import Store
from modelscan.deployments.transitions.allowed import may_follow
from modelscan.errors import StorageFailed
from modelscan.model import Measurement
from modelscan.model.words import Status
from modelscan.storage.paths import Paths
from modelscan.system.clock import Clock
from modelscan.targets.local.moving import may_move, move
from modelscan.targets.local.supervisor.phases import Durations

_RETRY_SECONDS = 1.0
_LAST_TRIES_SECONDS = 10.0


class RecordWriter:
    """`value` is the record as it should be, written or not."""

    def __init__(self, store: Store, record: Record, clock: Clock) -> None:
        self.value = record
        self._store = store
        self._clock = clock
        self._written = record
        self._waiting: list[Record] = []
        self._next_try = 0.0

    def become(self, record: Record) -> None:
        """Write it now, or later when the disk is full."""
        self.value = record
        while self._waiting and may_follow(self._before_last(), record.status.current):
            self._waiting.pop()
        self._waiting.append(record)
        self._next_try = 0.0
        self.flush()

    def flush(self) -> bool:
        """Write what waits, when a retry is due; True when nothing waits any more."""
        if self._waiting and self._clock.monotonic() >= self._next_try:
            try:
                while self._waiting:
                    self._written = self._store.write(self._waiting[0])
                    del self._waiting[0]
            except StorageFailed:
                self._next_try = self._clock.monotonic() + _RETRY_SECONDS
            else:
                self.value = self._written
        return not self._waiting

    def adjusted(self, record: Record) -> None:
        """Write a record whose plan was changed, and an event that says how."""
        self.become(record)
        with contextlib.suppress(StorageFailed):
            self._store.add_event(record.id, "adjusted", record.status.message)

    def may_move(self) -> bool:
        return may_move(self._store, self.value)

    def move(self, paths: Paths) -> None:
        """To another port. Raises Conflict, StorageFailed."""
        self.value = self._written = move(self._store, self.value, paths, self._clock)
        self._waiting = []

    def earlier_starts(self) -> Sequence[Durations]:
        return self._store.starts(_what(self.value))

    def keep_start(self, durations: Durations) -> None:
        """Keep how long the start took, for the next estimate; ignored on a full disk."""
        with contextlib.suppress(StorageFailed):
            self._store.add_start(_what(self.value), durations)

    def keep_measurement(self, measurement: Measurement | None, paths: Paths) -> None:
        """The same for the memory figures of its log."""
        if measurement is not None:
            with contextlib.suppress(StorageFailed), Measurements(paths) as measurements:
                measurements.add(measurement)

    def finish(self) -> None:
        """Try for a while to write what waits. When that fails too, the free lock still tells that this is over."""
        deadline = self._clock.monotonic() + _LAST_TRIES_SECONDS
        while not self.flush() and self._clock.monotonic() < deadline:
            self._clock.sleep(_RETRY_SECONDS / 4)

    def _before_last(self) -> Status:
        """What the last of those that wait would follow."""
        return (self._waiting[-2] if len(self._waiting) > 1 else self._written).status.current


def _what(record: Record) -> str:
    """What starts, in what, and on which devices: the same takes the same time again."""
    pinned = record.pinned
    weights = pinned.repo_id or pinned.location or record.spec.model
    parts = (pinned.backend, pinned.backend_version, weights, pinned.quantization)
    return " ".join([*(part or "-" for part in parts), *(pinned.gpu_uuids or ("cpu",))])
