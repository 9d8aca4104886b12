"""Reading the machine, or taking a described one in its place, and what is promised of its memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from modelscan.model import LIVE_STATUSES, Claim, Deployment, Hardware
from modelscan.operations.context import Context
from modelscan.storage.shipped import shipped_text
from modelscan.units import MIB

_SLACK_BYTES = 64 * MIB  # other programs on the same GPU come and go


def machine(context: Context, described: str | None = None) -> Hardware:
    """This machine, or the one that `--hardware` describes. Raises GpuNotFound or Usage for a bad description."""
    if described is None:
        from modelscan.hardware.machine import read_hardware

        found = read_hardware(environ=context.settings.environ, run=context.run, sysfs=context.sysfs, proc=context.proc)
        old = _old_driver(found)
        return dataclasses.replace(found, warnings=(*found.warnings, old)) if old else found
    from modelscan.hardware.described import describe_hardware
    from modelscan.hardware.gpu_table import parse_gpu_table

    return describe_hardware(described, parse_gpu_table(shipped_text("gpus.csv")))


def _old_driver(hardware: Hardware) -> str | None:
    """What to do about a driver that today's backends do not run on."""
    import csv

    from modelscan.hardware.nvidia.drivers import driver_for

    if hardware.cuda_version is None:
        return None
    rows = [row for row in csv.DictReader(shipped_text("backends.csv").splitlines()) if row["min_cuda"]]
    behind = [row for row in rows if float(hardware.cuda_version) < float(row["min_cuda"])]
    if not behind:
        return None
    cuda = max(float(row["min_cuda"]) for row in behind)
    backends = " and ".join(f"{row['backend']} {row['version']}" for row in behind)
    driver = driver_for(cuda)
    advice = f"install driver {driver} or newer" if driver else "install a newer driver"
    return (
        f"the NVIDIA driver {hardware.driver_version or ''} is for CUDA {hardware.cuda_version}, and {backends} need "
        f"{cuda:g}: {advice}"
    ).replace("  ", " ")


def standing_claims(context: Context, hardware: Hardware, *, but: Deployment | None = None) -> tuple[Claim, ...]:
    """The claims of all that lives here, without those of a deployment that is about to be replaced or started."""
    from modelscan.deployments.claims import claims_of
    from modelscan.operations.manage import list_deployments

    others = [item for item in list_deployments(context, live_only=True) if but is None or item.id != but.id]
    return claims_of(others, hardware)


def memory_left(hardware: Hardware, claims: Sequence[Claim], gpu_index: int | None) -> int | None:
    """What a new deployment may have of a GPU, or of the host for None: what is free and nobody will still take."""
    outstanding = sum(claim.outstanding_bytes for claim in claims if claim.gpu_index == gpu_index)
    free = hardware.cpu.memory_free_bytes
    if gpu_index is not None:
        free = next((gpu.memory_free_bytes for gpu in hardware.devices if gpu.index == gpu_index), 0)
    return None if free is None else max(0, free - outstanding)


def without_claimed(hardware: Hardware, claims: Sequence[Claim]) -> Hardware:
    """The machine with what others will still take counted as taken."""
    if not any(claim.outstanding_bytes for claim in claims):
        return hardware
    cpu = dataclasses.replace(hardware.cpu, memory_free_bytes=memory_left(hardware, claims, None))
    devices = tuple(
        dataclasses.replace(gpu, memory_free_bytes=memory_left(hardware, claims, gpu.index)) for gpu in hardware.devices
    )
    return dataclasses.replace(hardware, cpu=cpu, devices=devices)


def with_memory_back(hardware: Hardware, deployment: Deployment) -> Hardware:
    """The machine as it will be once a running deployment has ended: a plan that takes its place may use its memory."""
    size = deployment.memory.measured_bytes or deployment.memory.estimated_bytes
    if size is None or deployment.status not in LIVE_STATUSES:
        return hardware
    if not deployment.gpu_indices:
        free = hardware.cpu.memory_free_bytes
        cpu = dataclasses.replace(hardware.cpu, memory_free_bytes=None if free is None else free + size)
        return dataclasses.replace(hardware, cpu=cpu)
    each = size // len(deployment.gpu_indices)
    devices = tuple(
        dataclasses.replace(gpu, memory_free_bytes=gpu.memory_free_bytes + each)
        if gpu.index in deployment.gpu_indices and gpu.memory_free_bytes is not None
        else gpu
        for gpu in hardware.devices
    )
    return dataclasses.replace(hardware, devices=devices)


def memory_is_back(context: Context, deployment: Deployment) -> Callable[[], bool] | None:
    """A question to ask after `deployment` was ended: do its GPUs have again what its processes hold now?

    None when there is nothing to wait for: no GPU, or the driver does not tell what they hold.
    """
    from modelscan.deployments.claims import held_on_gpu
    from modelscan.system.processes.identity import tagged_as

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
