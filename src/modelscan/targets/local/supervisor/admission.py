"""Before a backend starts on GPUs: its turn, and the memory it was promised, measured anew."""

from __future__ import annotations

from collections.abc import Mapping
from queue import Empty

from modelscan.backends.base import Diagnosis
from modelscan.deployments.claims import claimed_bytes
from modelscan.model import Deployment, Progress
from modelscan.targets.local.supervisor.errands import memory_of_gpus
from modelscan.targets.local.supervisor.life import Call, Ended, Supervision
from modelscan.units import format_bytes

_TURN_SECONDS = 0.2
_MEASURE_SECONDS = 1.0
_WAITING = "waiting"


def wait_for_turn(supervision: Supervision) -> Ended | None:
    """Return None once it may start, with its turn taken; else how the waiting ended."""
    record, turn = supervision.record, supervision.turn
    if not record.value.gpu_indices:
        return None
    gpus = ", ".join(map(str, record.value.gpu_indices))
    while not turn.try_take(record.value.name):
        _tell(supervision, f"another deployment is starting on GPU {gpus}")
        if asked_to_stop(supervision, _TURN_SECONDS):
            return Ended(was_ready=False, stopped=True)
    deadline = supervision.clock.monotonic() + supervision.pace.release_timeout
    while (short := _shortage(record.value, memory_of_gpus(supervision.environ))) is not None:
        over = supervision.clock.monotonic() >= deadline
        _tell(supervision, short)
        if over or asked_to_stop(supervision, _MEASURE_SECONDS):
            turn.release()
            hints = ("modelscan gpu", f"modelscan start {record.value.name}")
            return Ended(was_ready=False, stopped=not over, diagnosis=Diagnosis(cause=short, hints=hints))
    record.change(phase="launching", progress=None)
    return None


def asked_to_stop(supervision: Supervision, seconds: float) -> bool:
    """Wait so long; whether somebody asked to stop meanwhile."""
    deadline = supervision.clock.monotonic() + seconds
    while (left := deadline - supervision.clock.monotonic()) > 0:
        try:
            if supervision.events.get(timeout=left) is Call.STOP:
                return True
        except Empty:
            break
    return False


def _tell(supervision: Supervision, detail: str) -> None:
    progress = Progress(detail=detail)
    if (supervision.record.value.phase, supervision.record.value.progress) != (_WAITING, progress):
        supervision.record.change(phase=_WAITING, progress=progress)


def _shortage(deployment: Deployment, free: Mapping[int, int]) -> str | None:
    """What is missing on one of its GPUs; a GPU that cannot be asked lacks nothing."""
    each = claimed_bytes(deployment)
    for index in deployment.gpu_indices:
        if each is not None and free.get(index, each) < each:
            return f"it needs {format_bytes(each)} on GPU {index}, and {format_bytes(free[index])} are free"
    return None
