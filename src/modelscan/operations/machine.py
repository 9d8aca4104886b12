"""Reading the machine, or taking a described one in its place."""

from __future__ import annotations

import dataclasses

from modelscan.hardware.machine import read_hardware
from modelscan.model import LIVE_STATUSES, Deployment, Hardware
from modelscan.operations.context import Context
from modelscan.storage.shipped import shipped_text


def machine(context: Context, described: str | None = None) -> Hardware:
    """This machine, or the one that `--hardware` describes. Raises GpuNotFound or Usage for a bad description."""
    if described is None:
        return read_hardware(environ=context.settings.environ, run=context.run, sysfs=context.sysfs, proc=context.proc)
    from modelscan.hardware.described import describe_hardware
    from modelscan.hardware.gpu_table import parse_gpu_table

    return describe_hardware(described, parse_gpu_table(shipped_text("gpus.csv")))


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
