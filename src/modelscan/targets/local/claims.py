"""What memory is promised to the deployments that live, and how much of it they do not hold yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from modelscan.deployments.claims import claimed_of, sleeping_bytes
from modelscan.deployments.record import Record
from modelscan.model import Claim, Hardware
from modelscan.system.processes.identity import Process, tagged
from modelscan.system.processes.memory import resident_bytes

# A backend that was ready holds what it wanted; where its processes cannot be matched with the driver's list (another
# pid namespace), none of its claim counts as outstanding.
_SETTLED = frozenset({"ready", "unhealthy", "stopping"})


def claims_of(records: Iterable[Record], hardware: Hardware) -> tuple[Claim, ...]:
    """The claims of deployments, by name, as they were just observed, on a machine as it was just read."""
    live = [item for item in records if item.is_live and item.pinned.estimated_bytes]
    if not live:
        return ()
    processes: dict[str, set[Process]] = {}
    for found in tagged():
        processes.setdefault(found.deployment, set()).add(found.process)
    return tuple(
        Claim(
            deployment=item.name,
            gpu_index=index,
            claimed_bytes=size,
            outstanding_bytes=max(0, size - _held(item, index, processes.get(item.id, ()), hardware, size)),
        )
        for item in live
        if not item.is_asleep
        for index, size in claimed_of(item).items()
    ) + tuple(_for_sleeping(item, size) for item in live if (size := sleeping_bytes(item)) is not None)


def _for_sleeping(record: Record, size: int) -> Claim:
    """Of the host's memory: what sleeps has taken it already, what is awake may any time."""
    outstanding = 0 if record.is_asleep else size
    return Claim(deployment=record.name, gpu_index=None, claimed_bytes=size, outstanding_bytes=outstanding)


def _held(record: Record, index: int | None, processes: Collection[Process], hardware: Hardware, size: int) -> int:
    if index is None:
        held = resident_bytes(processes)
    else:
        held = held_on_gpu(index, {process.pid for process in processes}, hardware)
    if held is None:
        return size if record.status.current in _SETTLED else 0
    return held


def held_on_gpu(index: int, pids: Collection[int], hardware: Hardware) -> int | None:
    """What the driver says these processes hold of a GPU; None when it knows none of them or does not report it."""
    sizes = [
        process.memory_bytes
        for gpu in hardware.devices
        if gpu.index == index
        for process in gpu.processes
        if process.pid in pids
    ]
    return sum(size or 0 for size in sizes) if any(sizes) else None
