"""Whether the memory of a deployment that ended is free again: the driver takes a moment longer than the processes."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.deployments.record import Record
from modelscan.system.processes.identity import tagged_as
from modelscan.targets.local.claims import held_on_gpu
from modelscan.targets.site import Site
from modelscan.targets.target import ReadMachine
from modelscan.units import MIB

_SLACK_BYTES = 64 * MIB  # other programs on the same GPU come and go
_POLL_SECONDS = 0.2


def memory_is_back(record: Record, hardware: ReadMachine) -> Callable[[], bool] | None:
    """A check for after it has ended: have its GPUs got back what its processes hold now?

    None when there is nothing to wait for: no GPU, or the driver does not report what they hold.
    """
    indices, measured = record.pinned.gpu_indices, record.status.measured_bytes
    if not indices:
        return None
    pids = {process.pid for process in tagged_as(record.id)}
    before = hardware()
    expected: dict[int, int] = {}
    for gpu in before.devices:
        if gpu.index not in indices or gpu.memory_free_bytes is None:
            continue
        held = held_on_gpu(gpu.index, pids, before)
        if held is None and pids and measured is not None:
            # The driver counts in another pid namespace: at least half of what was measured must come back.
            held = measured // len(indices) // 2
        if held is not None:
            expected[gpu.index] = gpu.memory_free_bytes + held - _SLACK_BYTES
    if not expected:
        return None

    def is_back() -> bool:
        now = hardware()
        return all(
            held_on_gpu(gpu.index, pids, now) is None and (gpu.memory_free_bytes or 0) >= expected[gpu.index]
            for gpu in now.devices
            if gpu.index in expected
        )

    return is_back


def until(is_back: Callable[[], bool], site: Site) -> bool:
    """Wait for it as long as the user allows; False when it does not come back."""
    deadline = site.clock.monotonic() + site.pace.release_timeout
    while not is_back():
        if site.clock.monotonic() >= deadline:
            return False
        site.clock.sleep(_POLL_SECONDS)
    return True
