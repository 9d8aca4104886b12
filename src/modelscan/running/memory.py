"""Whether the memory of a deployment that ended is free again."""

from __future__ import annotations

from collections.abc import Callable

from modelscan.model import Deployment
from modelscan.selecting.context import Context
from modelscan.selecting.machine import machine
from modelscan.units import MIB

_SLACK_BYTES = 64 * MIB  # other programs on the same GPU come and go


def memory_is_back(context: Context, deployment: Deployment) -> Callable[[], bool] | None:
    """A question to ask after `deployment` was ended: do its GPUs have again what its processes hold now?

    None when there is nothing to wait for: no GPU, or the driver does not tell what they hold.
    """
    from modelscan.system.processes.identity import tagged_as
    from modelscan.targets.local.claims import held_on_gpu

    if not deployment.gpu_indices:
        return None
    pids = {process.pid for process in tagged_as(deployment.id)}
    before = machine(context)
    expected: dict[int, int] = {}
    for gpu in before.devices:
        if gpu.index not in deployment.gpu_indices or gpu.memory_free_bytes is None:
            continue
        held = held_on_gpu(gpu.index, pids, before)
        if held is None and pids and deployment.memory.measured_bytes is not None:
            # The driver counts in another pid namespace: at least half of what was measured must come back.
            held = deployment.memory.measured_bytes // len(deployment.gpu_indices) // 2
        if held is not None:
            expected[gpu.index] = gpu.memory_free_bytes + held - _SLACK_BYTES
    if not expected:
        return None

    def is_back() -> bool:
        now = machine(context)
        return all(
            held_on_gpu(gpu.index, pids, now) is None and (gpu.memory_free_bytes or 0) >= expected[gpu.index]
            for gpu in now.devices
            if gpu.index in expected
        )

    return is_back
