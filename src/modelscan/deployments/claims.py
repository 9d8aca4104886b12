"""Memory that is promised to deployments, as arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelscan import dataclasses
from modelscan.deployments.record import Record
from modelscan.model import LIVE_STATUSES, Claim, Hardware


def claimed_bytes(record: Record) -> int | None:
    """On each of its GPUs, or of the host where it has none."""
    size = record.pinned.estimated_bytes
    return None if size is None else size // max(1, len(record.pinned.gpu_indices))


def sleeping_bytes(record: Record) -> int | None:
    """What it needs of the host's memory for sleeping: its weights, as they are on all its GPUs."""
    if not record.spec.sleep:
        return None
    size = record.pinned.plan.get("memory_per_gpu", {}).get("weights_bytes")
    return None if size is None else int(size) * len(record.pinned.gpu_indices)


def claimed_of(record: Record) -> Mapping[int | None, int]:
    """By the index of a GPU, None for the host: what it claims of each, and of the host what lies there beside GPUs."""
    size = claimed_bytes(record)
    if size is None:
        return {}
    indices = record.pinned.gpu_indices
    offload = record.pinned.plan.get("offload") if indices else None
    host = offload.get("host_bytes") if isinstance(offload, Mapping) else None
    beside = {None: host} if isinstance(host, int) and host > 0 else {}
    return dict.fromkeys(indices or (None,), size) | beside


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


def with_memory_back(hardware: Hardware, record: Record) -> Hardware:
    """The machine as it will be once a running deployment has ended: a plan that takes its place may use its memory."""
    size, indices = record.status.measured_bytes or record.pinned.estimated_bytes, record.pinned.gpu_indices
    if size is None or record.status.current not in LIVE_STATUSES:
        return hardware
    if not indices:
        free = hardware.cpu.memory_free_bytes
        cpu = dataclasses.replace(hardware.cpu, memory_free_bytes=None if free is None else free + size)
        return dataclasses.replace(hardware, cpu=cpu)
    each = size // len(indices)
    beside, free = claimed_of(record).get(None, 0), hardware.cpu.memory_free_bytes
    if beside and free is not None:
        hardware = dataclasses.replace(hardware, cpu=dataclasses.replace(hardware.cpu, memory_free_bytes=free + beside))
    devices = tuple(
        dataclasses.replace(gpu, memory_free_bytes=gpu.memory_free_bytes + each)
        if gpu.index in indices and gpu.memory_free_bytes is not None
        else gpu
        for gpu in hardware.devices
    )
    return dataclasses.replace(hardware, devices=devices)


def with_claims_back(hardware: Hardware, claims: Sequence[Claim]) -> Hardware:
    """The machine as it will be once these claims have ended: with what of them is resident free again."""
    back: dict[int | None, int] = {}
    for claim in claims:
        held = claim.claimed_bytes - claim.outstanding_bytes
        back[claim.gpu_index] = back.get(claim.gpu_index, 0) + held
    free = hardware.cpu.memory_free_bytes
    cpu = dataclasses.replace(hardware.cpu, memory_free_bytes=None if free is None else free + back.get(None, 0))
    devices = tuple(
        gpu
        if gpu.memory_free_bytes is None
        else dataclasses.replace(gpu, memory_free_bytes=gpu.memory_free_bytes + back.get(gpu.index, 0))
        for gpu in hardware.devices
    )
    return dataclasses.replace(hardware, cpu=cpu, devices=devices)


def when_idle(hardware: Hardware) -> Hardware:
    """The machine as it is while nothing runs on it."""
    cpu = dataclasses.replace(hardware.cpu, memory_free_bytes=hardware.cpu.memory_total_bytes)
    devices = tuple(dataclasses.replace(gpu, memory_free_bytes=None) for gpu in hardware.devices)
    return dataclasses.replace(hardware, cpu=cpu, devices=devices)
