"""Before a backend starts on GPUs: the lease on them, and a fresh measurement of the memory it claimed."""

from __future__ import annotations

from collections.abc import Mapping
from queue import Empty

from modelscan.backends.base import Diagnosis
from modelscan.deployments.claims import claimed_bytes
from modelscan.deployments.record import Record
from modelscan.deployments.transitions.starting import admitted, waiting
from modelscan.targets.local.supervisor.jobs import memory_of_gpus
from modelscan.targets.local.supervisor.supervision import Call, Ended, Supervision
from modelscan.units import format_bytes

_LEASE_SECONDS = 0.2
_MEASURE_SECONDS = 1.0


def wait_for_gpus(supervision: Supervision) -> Ended | None:
    """None once it may start, with its lease taken; otherwise how the wait ended."""
    writer, lease = supervision.writer, supervision.lease
    if not writer.value.pinned.gpu_indices:
        return None
    gpus = ", ".join(map(str, writer.value.pinned.gpu_indices))
    while not lease.try_take(writer.value.name):
        _show(supervision, f"another deployment is starting on GPU {gpus}")
        if asked_to_stop(supervision, _LEASE_SECONDS):
            return Ended(was_ready=False, stopped=True)
    deadline = supervision.clock.monotonic() + supervision.pace.release_timeout
    while (short := _shortage(writer.value, memory_of_gpus(supervision.environ))) is not None:
        over = supervision.clock.monotonic() >= deadline
        _show(supervision, short)
        if over or asked_to_stop(supervision, _MEASURE_SECONDS):
            lease.release()
            hints = ("modelscan gpu", f"modelscan start {writer.value.name}")
            return Ended(was_ready=False, stopped=not over, diagnosis=Diagnosis(cause=short, hints=hints))
    writer.become(admitted(writer.value))
    return None


def asked_to_stop(supervision: Supervision, seconds: float) -> bool:
    """Wait that long; True when a stop was requested meanwhile."""
    deadline = supervision.clock.monotonic() + seconds
    while (left := deadline - supervision.clock.monotonic()) > 0:
        try:
            if supervision.events.get(timeout=left) is Call.STOP:
                return True
        except Empty:
            break
    return False


def _show(supervision: Supervision, detail: str) -> None:
    record = supervision.writer.value
    if (changed := waiting(record, detail)) != record:
        supervision.writer.become(changed)


def _shortage(record: Record, free: Mapping[int, int]) -> str | None:
    """What is missing on one of its GPUs; a GPU that cannot be queried counts as free."""
    each = claimed_bytes(record)
    for index in record.pinned.gpu_indices:
        if each is not None and free.get(index, each) < each:
            return f"it needs {format_bytes(each)} on GPU {index}, but only {format_bytes(free[index])} is free"
    return None
